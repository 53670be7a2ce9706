"""The processes in which the local AWS runs a function, and their sudden death."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def kill(group: int, function: str) -> int:
    """End the processes of a function with SIGKILL, and return how many there were.

    `group`: the process group of the local AWS that runs them; those of another are left alone.
    """
    killed = 0
    for pid in _processes():
        with suppress(ProcessLookupError):
            if os.getpgid(pid) == group and f"-{function}-" in _command_line(pid):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _command_line(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text()
    except OSError:  # it has ended meanwhile
        return ""
