"""Bytecode that travels: compiled at synth, by a Python of the functions' version.

`/opt` and `/var/task` are read-only: what travels without bytecode is compiled at every cold start.
AWS advises against a `__pycache__` of another architecture
(https://docs.aws.amazon.com/lambda/latest/dg/python-package.html). CPython's is the same on all of
them (https://docs.python.org/3/tutorial/modules.html#compiled-python-files); what has to agree is
its magic number. Its hashes are unchecked (PEP 552): an archive dates its files 1980, so bytecode
with a date is stale on arrival (https://github.com/aws/aws-lambda-builders/issues/924).
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

VERSION: Final = "3.13"

# Of every CPython 3.13 since its first release candidate.
_MAGIC: Final = (3571).to_bytes(2, "little") + b"\r\n"
_PROBE: Final = (
    "import importlib.util, sys; print(importlib.util.MAGIC_NUMBER.hex(), sys.executable)"
)


@cache
def compiler() -> Path | None:
    """Return a Python whose bytecode the functions' runtime reads, or None where there is none.

    It is the synth's own, or a `python3.13` on the PATH.
    """
    if importlib.util.MAGIC_NUMBER == _MAGIC:
        return Path(sys.executable)
    return on_path(os.get_exec_path())


def on_path(folders: list[str]) -> Path | None:
    """Return the first `python3.13` that runs and is one: a version manager's shim may do neither.

    A shim stands for another program: what is returned is the interpreter itself.
    """
    for folder in folders:
        candidate = shutil.which(f"python{VERSION}", path=folder)
        interpreter = candidate and _interpreter(candidate)
        if interpreter:
            return Path(interpreter)
    return None


def _interpreter(candidate: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - a constant program
            [candidate, "-I", "-c", _PROBE], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    magic, _, interpreter = done.stdout.strip().partition(" ")
    return interpreter if done.returncode == 0 and magic == _MAGIC.hex() else None


def compile_all(folder: Path, at: str, python: Path) -> None:
    """Compile every module in a folder that the functions find `at`.

    The bytecode names its sources as they are there, and nothing of this machine. Raises
    `RuntimeError` with the words of a compiler that finds a fault.
    """
    options = ("-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", at)
    done = subprocess.run(  # noqa: S603 - constant arguments
        [str(python), "-I", "-m", "compileall", *options, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{python} could not compile {folder}:\n{done.stdout}{done.stderr}")
