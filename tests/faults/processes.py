"""The processes in which the local AWS runs a function."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def kill(group: int, function: str) -> int:
    """Kill the processes of a function with SIGKILL, and return how many there were.

    `group`: the process group of the local AWS that runs them; other groups are left alone.
    """
    killed = 0
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with suppress(ProcessLookupError, FileNotFoundError):  # it has ended meanwhile
            command = Path(f"/proc/{pid}/cmdline").read_text()
            if os.getpgid(pid) == group and f"-{function}-" in command:
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed
