"""The installed command `ws-notify`, as in a terminal beside `make run`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from tests.kit.peer import TIMEOUT
from tools.deploy import STAGE, LocalStage
from tools.outputs import write_outputs
from ws_notify.cli.stage import LOCAL_OUTPUTS

PROGRAM = Path(sys.executable).with_name("ws-notify")
OTHERS = ("AWS_", "WS_NOTIFY_", "PYTHONUNBUFFERED")


class Terminal:
    """A folder in which `make run` runs, and the command's results there."""

    def __init__(self, folder: Path, stage: LocalStage) -> None:
        write_outputs(folder / LOCAL_OUTPUTS, STAGE, stage.outputs)
        self.url = stage.url
        self.http_url = stage.http_url
        self._folder = folder

    @contextmanager
    def running(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        kept = {name: os.environ[name] for name in os.environ if not name.startswith(OTHERS)}
        process = subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=self._folder,
            env={**kept, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # So that reading a line that never comes ends.
        timer = Timer(TIMEOUT, process.kill)
        timer.start()
        with process:
            try:
                yield process
            finally:
                timer.cancel()
                process.kill()

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Return the exit status, the standard output and the standard error."""
        with self.running(*arguments, **environment) as process:
            output, errors = process.communicate(timeout=TIMEOUT)
        return process.returncode, output, errors

    def succeed(self, *arguments: str, **environment: str) -> str:
        status, output, errors = self.run(*arguments, **environment)
        assert (status, errors) == (0, "")
        return output
