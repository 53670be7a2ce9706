"""The resident memory of the local AWS and of the processes of its functions."""

import os
import re
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")
_MEGABYTE = 1_000_000

Resident = dict[str, list[float]]
"""The resident megabytes of each process, by the function that it runs or as the emulator's."""


def resident(group: int) -> Resident:
    """Return the memory of a process group, the local AWS's; nothing where there is no /proc."""
    found: dict[str, list[float]] = defaultdict(list)
    if PROCESSES.is_dir():
        for pid in (int(one.name) for one in PROCESSES.iterdir() if one.name.isdigit()):
            with suppress(ProcessLookupError, FileNotFoundError):  # it has ended meanwhile
                if os.getpgid(pid) == group:
                    found[_name(pid)].append(_megabytes(pid))
    return dict(found)


def _name(pid: int) -> str:
    command = (PROCESSES / str(pid) / "cmdline").read_text()
    function = re.search(r"ministack-lambda-(?:OttuWsNotify-\w+-)?(\w+?)(?:Function\w*)?-", command)
    return function[1].lower() if function else "the emulator"


def _megabytes(pid: int) -> float:
    pages = int((PROCESSES / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE
