"""The code of the functions as an asset: the package `lambdas`, and nothing of it that stays here.

The package itself is in the asset's root, so that its name is the root of imports.
"""

from pathlib import Path
from typing import Final

from aws_cdk import aws_lambda as lambda_

from infra.builds import BUILD, ROOT, asset, built, named
from infra.bytecode import compile_all, compiler
from infra.stages import Stage

_SUFFIXES: Final = {".py", ".json"}


def functions_code(stage: Stage) -> lambda_.Code:
    """Return the code for the functions of a stage; compiled, unless they run on this machine."""
    return asset(built_code(None if stage.emulated else compiler()))


def built_code(python: Path | None, root: Path = ROOT, build: Path = BUILD) -> Path:
    """Return the folder of the code, compiled by `python` where there is one."""
    sources = {
        path.relative_to(root): path.read_bytes()
        for path in sorted((root / "lambdas").rglob("*"))
        if path.suffix in _SUFFIXES and path.is_file()
    }
    parts = [
        part for path, content in sources.items() for part in (path.as_posix().encode(), content)
    ]

    def fill(folder: Path) -> None:
        for path, content in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        if python:
            compile_all(folder, "/var/task", python)

    return built(named("code", (*parts, b"compiled" if python else b"")), fill, build)
