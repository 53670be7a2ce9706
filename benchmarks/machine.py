"""Where and of what a run is: the commit, the Python, the machine."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.figures import Machine

_ROOT: Final = Path(__file__).parent.parent
_MEASURED: Final = ("lambdas", "infra", "tools", "benchmarks", "requirements.txt")


def machine() -> Machine:
    """Describe them."""
    return Machine(
        commit=_commit(),
        date=datetime.now(UTC).date().isoformat(),
        python=platform.python_version(),
        cores=os.cpu_count() or 0,
        system=f"{platform.system()} {platform.machine()}",
        emulator=f"MiniStack {version('ministack')}",
        load_before=round(os.getloadavg()[0], 2),
    )


def _commit() -> str:
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", *_MEASURED)
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
