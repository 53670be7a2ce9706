"""Installing Debian's own packages, for what the tests need and pip and npm do not have."""

import os
import shutil
import subprocess

from tools import ToolError


def can_install() -> bool:
    """Tell whether this is root on a Debian."""
    return bool(shutil.which("apt-get")) and os.geteuid() == 0


def install(*packages: str, remedy: str) -> None:
    """Install packages. Raises ToolError with the remedy."""
    _apt_get("update", remedy=remedy)
    _apt_get("install", "--yes", "--no-install-recommends", *packages, remedy=remedy)


def _apt_get(*arguments: str, remedy: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ("apt-get", "-qq", *arguments)
    done = subprocess.run(  # noqa: S603 - names of packages, from this project's own tools
        command, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise ToolError(f"{' '.join(command)} failed:\n{done.stderr.strip()}\n{remedy}")
