"""`make package`: the JavaScript client as one file to install from, as `npm pack` makes it."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import ToolError
from tools.terminal import exit_status, say

_ROOT = Path(__file__).parent.parent
PACKAGE = _ROOT / ".build" / "ws-notify.tgz"
"""Where the documents install it from: the same name for every version."""


def main() -> int:
    """Build it, and print its path."""
    say(str(pack(PACKAGE)))
    return 0


def pack(target: Path) -> Path:
    """Build clients/js, and write to `target` what `npm pack` makes of it; return `target`.

    Raises ToolError, with what npm printed, where it fails.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as folder:
        done = subprocess.run(  # noqa: S603 - constant but for the folder
            ("npm", "pack", "--offline", "--silent", f"--pack-destination={folder}"),  # noqa: S607 - that of .venv
            cwd=_ROOT / "clients" / "js",
            env={**os.environ, "PATH": path},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            raise ToolError(f"npm could not pack clients/js:\n{done.stdout}")
        (packed,) = Path(folder).glob("*.tgz")
        return packed.replace(target)


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
