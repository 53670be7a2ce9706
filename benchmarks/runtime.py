"""The functions' Python runtime, for this machine's processor.

The assets, with bytecode and without, are built by the code that builds those of a deployment: the
functions' code and the layer with the packages. boto3 is the runtime's, compiled as there, on a
path of its own.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.builds import ROOT
from infra.bytecode import compiler
from infra.sources import built_code
from infra.wheels import LAMBDAS_PYTHON_HERE, THIS_PYTHON, built_packages

_RUNTIMES: Final = {
    *("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
}
_VERSION: Final = "import platform; print(platform.python_version())"


@dataclass(frozen=True, slots=True)
class Runtime:
    """An interpreter, its version, and the folders that a function finds on its path."""

    python: Path
    version: str
    boto3: Path
    assets: Mapping[bool, tuple[Path, Path]]
    """Code and layer, by whether they have bytecode."""

    def run(self, program: str, environment: Mapping[str, str], *path: Path) -> str:
        """Run a program in a fresh interpreter and return what it prints.

        Only what is on `path` can be imported, and nothing is compiled that is not yet: Lambda
        mounts all of it read-only.
        """
        done = subprocess.run(  # noqa: S603 - our own programs
            [str(self.python), "-P", "-S", "-c", program],
            env={
                "HOME": os.devnull,
                "PATH": os.defpath,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": os.pathsep.join(map(str, path)),
                **environment,
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def path_of_function(self, *, compiled: bool) -> tuple[Path, ...]:
        """Return what a function finds, in the order of Lambda: code, layer, runtime."""
        code, packages = self.assets[compiled]
        return code, packages / "python", self.boto3


def build_runtime(folder: Path) -> Runtime:
    """Build it in a folder, once: with a Python of the functions' version, else with this one."""
    theirs = compiler()
    python = theirs or Path(sys.executable)
    target = LAMBDAS_PYTHON_HERE if theirs else THIS_PYTHON
    requirements = folder / "runtime.txt"
    requirements.write_text("".join(f"{pin}\n" for pin in _pins()))
    command = [str(python), "-I", "-c", _VERSION]
    version = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - constant
    return Runtime(
        python=python,
        version=version.stdout.strip(),
        boto3=built_packages(target, python, requirements, folder) / "python",
        assets={
            compiled: (
                built_code(python if compiled else None, build=folder),
                built_packages(target, python if compiled else None, build=folder),
            )
            for compiled in (True, False)
        },
    )


def _pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if line.partition("==")[0] in _RUNTIMES]
