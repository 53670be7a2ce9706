import importlib.util
import shlex
import sys
from pathlib import Path

import pytest

from infra import bytecode
from tests.infra.assets import contents, files, sources_named_in

HERE = Path(sys.executable)
UNCHECKED_HASH = 0b01
"""The flags of PEP 552: based on a hash, and not checked."""

MODULE = "def greet(name):\n    return {'hello', name}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = tmp_path / "asset" / "package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "module.py").write_text(MODULE)
    return tmp_path / "asset"


def compiled(folder: Path, name: str) -> Path:
    cached = importlib.util.cache_from_source(str(folder / name))
    return Path(cached)


def test_every_module_is_compiled_to_bytecode_with_an_unchecked_hash(folder: Path) -> None:
    bytecode.compile_all(folder, "/opt", HERE)
    pairs = {folder / name: compiled(folder, name) for name in files(folder) if name[-3:] == ".py"}
    assert len(pairs) == 2
    for source, pyc in pairs.items():
        header = pyc.read_bytes()[:16]
        assert header[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(header[4:8], "little") == UNCHECKED_HASH
        assert header[8:] == importlib.util.source_hash(source.read_bytes())


def test_bytecode_names_its_source_by_its_path_in_the_function(folder: Path) -> None:
    bytecode.compile_all(folder, "/var/task", HERE)
    pyc = compiled(folder, "package/module.py")
    assert sources_named_in(pyc) == {"/var/task/package/module.py"}
    assert str(folder).encode() not in pyc.read_bytes()


def test_bytecode_does_not_depend_on_the_folder_it_was_compiled_in(
    folder: Path, tmp_path: Path
) -> None:
    elsewhere = folder.rename(tmp_path / "another-place").parent / "asset"
    (elsewhere / "package").mkdir(parents=True)
    for name, content in contents(tmp_path / "another-place").items():
        (elsewhere / name).write_bytes(content)
    bytecode.compile_all(tmp_path / "another-place", "/opt", HERE)
    bytecode.compile_all(elsewhere, "/opt", HERE)
    assert contents(elsewhere) == contents(tmp_path / "another-place")


def test_a_module_with_a_syntax_error_is_rejected_with_the_compilers_message(folder: Path) -> None:
    (folder / "package" / "broken.py").write_text("def greet(:\n")
    with pytest.raises(RuntimeError, match=r"(?s)could not compile .*broken\.py.*SyntaxError"):
        bytecode.compile_all(folder, "/opt", HERE)


def program(folder: Path, script: str) -> str:
    folder.mkdir()
    path = folder / f"python{bytecode.VERSION}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(folder)


@pytest.fixture
def shim(tmp_path: Path) -> str:
    """A folder whose `python3.13` is the Python of this test."""
    return program(tmp_path / "shim", f'exec {shlex.quote(sys.executable)} "$@"')


@pytest.fixture
def _functions_have_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode, "_MAGIC", importlib.util.MAGIC_NUMBER)


@pytest.mark.usefixtures("_functions_have_this_python")
@pytest.mark.parametrize(
    "script",
    [
        "echo 'pyenv: python3.13: command not found' >&2; exit 127",
        "echo ffffffff /usr/bin/python3.13",
        "",
    ],
    ids=["a shim without a Python", "another magic number", "no output"],
)
def test_a_program_that_is_not_the_functions_python_is_skipped(
    tmp_path: Path, shim: str, script: str
) -> None:
    unusable = program(tmp_path / "unusable", script)
    assert bytecode.on_path([unusable]) is None
    assert bytecode.on_path([str(tmp_path / "missing"), unusable, shim]) == HERE


@pytest.mark.usefixtures("_functions_have_this_python")
def test_a_program_that_cannot_be_started_is_skipped(tmp_path: Path, shim: str) -> None:
    unusable = Path(program(tmp_path / "unusable", ""))
    (unusable / f"python{bytecode.VERSION}").write_text("#!/no/such/interpreter\n")
    assert bytecode.on_path([str(unusable), shim]) == HERE


def test_only_a_python_whose_bytecode_the_runtime_reads_is_used(shim: str) -> None:
    is_that_python = sys.version_info[:2] == (3, 13)
    assert bytecode.on_path([shim]) == (HERE if is_that_python else None)
