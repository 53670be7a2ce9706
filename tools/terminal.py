"""What the tools say to people: results on standard output, errors on standard error."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from tools import ToolError
from ws_notify.cli.failures import Failure
from ws_notify.exceptions import WsNotifyError

_DIM, _BOLD, _RED, _PLAIN = "\033[2m", "\033[1m", "\033[31m", "\033[0m"


def _styled(text: str, style: str, stream: TextIO) -> str:
    return f"{style}{text}{_PLAIN}" if stream.isatty() else text


def say(text: str) -> None:
    """Print a result."""
    print(text, flush=True)  # noqa: T201 - the one place where the tools print


def bold(text: str) -> str:
    """Mark what the eye should find, on a terminal."""
    return _styled(text, _BOLD, sys.stdout)


@dataclass(frozen=True, slots=True)
class Progress:
    """Steps as they happen, each with the seconds since the first."""

    start: float = field(default_factory=time.monotonic)

    def __call__(self, step: str) -> None:
        """Print the step."""
        elapsed = f"{time.monotonic() - self.start:6.1f} s"
        say(f"{_styled(elapsed, _DIM, sys.stdout)}  {step}")


def exit_status(main: Callable[[], int]) -> int:
    """Run a tool's main; an error becomes its text and the exit status 1, without a trace."""
    try:
        return main()
    except (ToolError, Failure, WsNotifyError) as error:
        sys.stdout.flush()
        sys.stderr.write(f"{_styled('error:', _RED, sys.stderr)} {error}\n")
        return 1
