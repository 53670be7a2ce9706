"""Where and of what a run is: the commit, the Python, the machine."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parent.parent
_MEASURED: Final = ("lambdas", "infra", "tools", "requirements.txt")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and of what the figures are."""

    commit: str
    date: str
    python: str
    cores: int
    system: str
    emulator: str
    load_before: float

    def __str__(self) -> str:
        return (
            f"Measured at commit {self.commit} on {self.date}: Python {self.python}, "
            f"{self.emulator}, {self.cores} cores, {self.system}; "
            f"load average before it started: {self.load_before}."
        )


def machine(*measuring: str) -> Machine:
    """Describe this one; `measuring` are the folders that measure, beside those that are measured.

    The commit says so when any of them holds what is not committed.
    """
    return Machine(
        commit=_commit(measuring),
        date=datetime.now(UTC).date().isoformat(),
        python=platform.python_version(),
        cores=os.cpu_count() or 0,
        system=f"{platform.system()} {platform.machine()}",
        emulator=f"MiniStack {version('ministack')}",
        load_before=round(os.getloadavg()[0], 2),
    )


def _commit(measuring: tuple[str, ...]) -> str:
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", *_MEASURED, *measuring)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit} with uncommitted changes" if changed else commit


def _git(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - constant arguments
        ("git", *arguments),  # noqa: S607 - whichever git made this clone
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()
