"""The third-party packages of the functions, installed for a target (lambdas/requirements.txt).

One of them is compiled, so there is a folder per target: Lambda, whichever machine installs it, and
this machine, where an emulated stage's functions run. Wheels only, and no Docker. Nothing of CDK.
"""

import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.builds import BUILD, ROOT, built, named
from infra.bytecode import VERSION, compile_all

REQUIREMENTS: Final = ROOT / "lambdas" / "requirements.txt"

_PIP_INSTALL: Final = (
    *("install", "--quiet", "--disable-pip-version-check", "--no-input"),
    *("--no-deps", "--no-compile", "--only-binary=:all:"),
)
# A wheel of the stable ABI has a tag for the oldest Python that it fits, and newer ones of the same
# package may fit better: pip finds the best only if it knows both the Python and the ABI.
_LAMBDAS_PYTHON: Final = ("--implementation", "cp", "--abi", "abi3", "--python-version", VERSION)
_PLATFORM: Final = sysconfig.get_platform()


@dataclass(frozen=True, slots=True)
class Target:
    """What packages are installed for: in words, and as options of pip."""

    name: str
    options: tuple[str, ...] = ()


LAMBDA: Final = Target(
    f"Python {VERSION} on AArch64 Linux, as the functions have it on Lambda",
    # The wheels for glibc 2.17 and newer; the runtime's Amazon Linux 2023 has 2.34.
    ("--platform", "manylinux2014_aarch64", *_LAMBDAS_PYTHON),
)
THIS_PYTHON: Final = Target(f"{sysconfig.get_config_var('SOABI')} on {_PLATFORM}, this machine")
LAMBDAS_PYTHON_HERE: Final = Target(
    f"Python {VERSION} on {_PLATFORM}, this machine", _LAMBDAS_PYTHON
)


def built_packages(
    target: Target, python: Path | None, requirements: Path = REQUIREMENTS, build: Path = BUILD
) -> Path:
    """Return the layer's folder, built only when these exact pins never were for this target.

    Its modules are compiled by `python`, where there is one. Raises `RuntimeError` with pip's own
    words when pip cannot install them.
    """
    pins = requirements.read_bytes().replace(b"\r\n", b"\n")
    asked = "\n".join((target.name, *_PIP_INSTALL, *target.options))
    name = named("packages", (pins, asked.encode(), b"compiled" if python else b""))

    def fill(folder: Path) -> None:
        _pip_install(target, requirements, folder / "python")
        if python:
            compile_all(folder, "/opt", python)

    return built(name, fill, build)


def _pip_install(target: Target, requirements: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", *_PIP_INSTALL, *target.options]
    done = subprocess.run(  # noqa: S603 - our own interpreter and constant arguments
        [*command, "--target", str(folder), "--requirement", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"pip could not install {requirements} for {target.name}. It takes wheels only, and "
            "every package pinned. Where it finds no matching distribution, a package has no wheel "
            "for that Python and machine: use a machine that has one (awscrt: Linux or macOS on "
            f"x86-64 or 64-bit ARM). pip says:\n{done.stderr.strip()}"
        )
    # Console scripts are of no use to a function, and name this machine's Python.
    shutil.rmtree(folder / "bin", ignore_errors=True)
