"""An environment of Lambda: a process that a handler serves events in, and what it writes there.

Started as a program this is that process: an event with its context comes on each line of standard
input; standard output gets what the handler returned, with the lines that it wrote.
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
    """An environment of the handler in `module`, with these variables; `context` is Lambda's."""

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
        """Return the handler's answer and the lines that it wrote; `context` adds to the other.

        Raises ToolError where the handler failed; standard error says how.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("both were asked for")
        asked = json.dumps([event, {**self._context, **context}])
        with suppress(BrokenPipeError):  # it has ended already
            print(asked, file=self._process.stdin, flush=True)
        done = self._process.stdout.readline()
        if not done:
            raise ToolError(f"{self._module} failed: its traceback is on standard error")
        answer, lines = json.loads(done)
        return answer, lines

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def main() -> None:
    """Serve events to the handler of the module that the command line names."""
    answers, sys.stdout = sys.stdout, io.StringIO()
    handler = importlib.import_module(sys.argv[1]).handler
    for line in sys.stdin:
        event, context = json.loads(line)
        answer = handler(event, SimpleNamespace(**context))
        print(json.dumps([answer, sys.stdout.getvalue().splitlines()]), file=answers, flush=True)
        sys.stdout.seek(0)
        sys.stdout.truncate()


if __name__ == "__main__":
    main()
