"""The code of the functions: the package `lambdas`, and nothing of it that stays here.

The package itself is in the folder, so that its name is the root of imports. Nothing of CDK.
"""

from pathlib import Path
from typing import Final

from infra.builds import BUILD, ROOT, built, named
from infra.bytecode import compile_all

_SUFFIXES: Final = {".py", ".json"}


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
