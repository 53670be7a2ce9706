"""Reading what travels: files of an asset, bytecode, the machine of a shared object."""

import marshal
from collections.abc import Iterator
from pathlib import Path
from types import CodeType


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files(folder)}


def staged(assembly: Path, key: str) -> Path:
    """Return what a synth staged for an S3 key."""
    return assembly / f"asset.{key.removesuffix('.zip')}"


def machine_of(shared_object: Path) -> int:
    """Return the `e_machine` of an ELF file, a half word at offset 18 (elf(5))."""
    header = shared_object.read_bytes()[:20]
    assert header.startswith(b"\x7fELF")
    little_endian = header[5] == 1
    return int.from_bytes(header[18:20], "little" if little_endian else "big")


def sources_named_in(bytecode: Path) -> set[str]:
    """Return the source files that compiled code of this Python's names, in tracebacks say."""
    code = marshal.loads(bytecode.read_bytes()[16:])  # noqa: S302 - this test compiled it
    return {one.co_filename for one in _all_code(code)}


def _all_code(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _all_code(constant)
