"""The browser of the tests: one that is there, or Debian's, installed once.

Playwright's own would be fetched at run time from a place of its own; a system's browser gets the
system's repairs.
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from tools import ToolError
from tools.terminal import exit_status, say

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_REMEDY = (
    "Install Chromium (`apt-get install chromium`) or Google Chrome, "
    "or say where it is: CHROMIUM=/path make test"
)


def chromium() -> str:
    """Return the path of a Chromium or Chrome; raise ToolError where there is none."""
    said = os.environ.get("CHROMIUM")
    if said:
        if not os.access(said, os.X_OK):
            raise ToolError(f"CHROMIUM={said} is no program. {_REMEDY}")
        return said
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    if platform.system() == "Darwin" and _ON_MACOS.exists():
        return str(_ON_MACOS)
    raise ToolError(f"The tests need a browser, and none was found. {_REMEDY}")


def main() -> int:
    """See that there is one; as root on Debian, install what is missing."""
    try:
        chromium()
    except ToolError:
        if not (shutil.which("apt-get") and os.geteuid() == 0):
            raise
        say("installing Debian's Chromium for the tests (once; a minute) ...")
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core")
        chromium()
    return 0


def _apt_get(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ("apt-get", "-qq", *arguments)
    done = subprocess.run(  # noqa: S603 - constant but for the names above
        command, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise ToolError(f"{' '.join(command)} failed:\n{done.stderr.strip()}\n{_REMEDY}")


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
