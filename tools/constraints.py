"""`make constraints`: the exact versions of everything that the requirements bring along.

pip only resolves here, it installs nothing.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import ToolError
from tools.terminal import exit_status, say

_CONSTRAINTS = Path("constraints.txt")
_REQUIREMENTS = ("requirements-dev.txt", "requirements.txt", "lambdas/requirements.txt")
_OLDEST_PYTHON = (3, 11)
_HEADER = (
    "# Exact versions of everything that pip installs here, direct or not. "
    "Made by: make constraints"
)
_PIP_RESOLVE = (
    *("install", "--dry-run", "--ignore-installed", "--quiet", "--disable-pip-version-check"),
    *("--no-input", "--report", "-"),
)


def main() -> int:
    """Write the file, sorted as `pip freeze` sorts."""
    if sys.version_info[:2] != _OLDEST_PYTHON:
        raise ToolError(
            "Resolve with the oldest Python that is supported, newer ones bring packages that it "
            "cannot have: make constraints PYTHON=python3.11, in a fresh clone"
        )
    with tempfile.TemporaryDirectory() as folder:
        pins = resolved(_without_constraints(Path(folder)))
    _CONSTRAINTS.write_text("\n".join((_HEADER, *sorted(pins, key=_name), "")))
    say(f"{_CONSTRAINTS} pins {len(pins)} packages")
    return 0


def _name(pin: str) -> str:
    return pin.partition("==")[0].lower()


def _without_constraints(folder: Path) -> Path:
    """Copy the requirements without the line that constrains them to the last result."""
    for name in _REQUIREMENTS:
        lines = Path(name).read_text().splitlines()
        copy = folder / name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text("\n".join(line for line in lines if not line.startswith("-c ")))
    return folder / _REQUIREMENTS[0]


def resolved(requirements: Path) -> list[str]:
    """Ask pip which versions it would install into an empty environment, our own left out."""
    command = (sys.executable, "-m", "pip", *_PIP_RESOLVE, "--requirement", str(requirements))
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603 - constant
    if done.returncode != 0:
        raise ToolError("pip could not resolve the requirements, see above")
    items = json.loads(done.stdout)["install"]
    packages = (item["metadata"] for item in items if "dir_info" not in item["download_info"])
    return [f"{package['name']}=={package['version']}" for package in packages]


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
