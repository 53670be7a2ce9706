"""JavaScript programs under Node, and the lines they print."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer

from tests.kit.peer import TIMEOUT


@dataclass(frozen=True, slots=True)
class Program:
    """A running program, and the lines of its standard output."""

    process: subprocess.Popen[str]
    lines: Iterator[str]


@contextmanager
def node(program: str) -> Iterator[Program]:
    """Run a program until the block ends, or for TIMEOUT at most; then kill it."""
    process = subprocess.Popen(
        ["node", "-e", program],  # noqa: S607 - found in the virtual environment
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None

    def kill() -> None:
        # The environment's `node` is a launcher: kill what it started, too.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = Timer(TIMEOUT, kill)
    timer.start()
    try:
        yield Program(process, iter(process.stdout))
    finally:
        timer.cancel()
        kill()
        process.communicate()
