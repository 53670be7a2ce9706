"""An execution environment of Lambda: a process in which a handler serves events.

Run as a program, this module is that process. Each line of standard input is an event with its
context; each line of standard output is the handler's response with the lines that it wrote.
"""

import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Self

from tools import ToolError

_ROOT: Final = Path(__file__).parent.parent


class HandlerProcess:
    """A process with the handler of `module` and these variables; `context` is Lambda's."""

    def __init__(
        self, module: str, variables: Mapping[str, str], context: Mapping[str, Any]
    ) -> None:
        self._module = module
        self._context = context
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", __name__, module],
            cwd=_ROOT,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": os.devnull, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def invoke(self, event: Any, context: Mapping[str, Any]) -> tuple[Any, list[str]]:
        """Return the handler's response and the lines that it wrote; `context` extends the other.

        Raises ToolError where the handler failed; standard error says how.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the handler's process was started without pipes")
        request = json.dumps([event, {**self._context, **context}])
        with suppress(BrokenPipeError):  # it has ended already
            print(request, file=self._process.stdin, flush=True)
        done = self._process.stdout.readline()
        if not done:
            raise ToolError(f"{self._module} failed: see its traceback on standard error")
        response, lines = json.loads(done)
        return response, lines

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def main() -> None:
    """Serve events to the handler of the module that the command line names."""
    responses, sys.stdout = sys.stdout, io.StringIO()
    handler = importlib.import_module(sys.argv[1]).handler
    for line in sys.stdin:
        event, context = json.loads(line)
        response = handler(event, SimpleNamespace(**context))
        print(
            json.dumps([response, sys.stdout.getvalue().splitlines()]), file=responses, flush=True
        )
        sys.stdout.seek(0)
        sys.stdout.truncate()


if __name__ == "__main__":
    main()
