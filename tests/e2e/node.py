"""A JavaScript program on the virtual environment's Node, and the lines that it prints."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer

from tests.e2e.peer import PATIENCE


@dataclass(frozen=True, slots=True)
class Program:
    """A running program: the lines that it prints, as they come."""

    process: subprocess.Popen[str]
    lines: Iterator[str]


@contextmanager
def node(program: str) -> Iterator[Program]:
    """Run a program; it is killed at the end of the block, and after PATIENCE."""
    process = subprocess.Popen(
        ["node", "-e", program],  # noqa: S607 - found in the virtual environment
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None

    def end() -> None:
        # `node` there is a launcher: what it started has to go, too.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    too_late = Timer(PATIENCE, end)
    too_late.start()
    try:
        yield Program(process, iter(process.stdout))
    finally:
        too_late.cancel()
        end()
        process.communicate()
