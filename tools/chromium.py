"""The browser of the tests: one that is there, or Debian's, installed once.

Playwright's own would be fetched at run time from a place of its own; a system's browser gets the
system's repairs.
"""

import os
import platform
import shutil
from pathlib import Path

from tools import ToolError
from tools.debian import can_install, install
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
        if not can_install():
            raise
        say("installing Debian's Chromium for the tests (once; a minute) ...")
        install("chromium", "fonts-dejavu-core", remedy=_REMEDY)
        chromium()
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
