import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from infra import bytecode, sources
from tests.infra.assets import contents, files, sources_named_in, staged
from tests.infra.conftest import ROOT
from tests.infra.templates import Template

HERE = Path(sys.executable)
COMPILERS = pytest.mark.parametrize("python", [None, HERE], ids=["not compiled", "compiled"])


def modules() -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / "lambdas").rglob("*.py")}


def bytecode_of(names: set[str]) -> set[str]:
    return {Path(importlib.util.cache_from_source(name)).as_posix() for name in names}


def code_of(template: Template, assembly: Path) -> Path:
    code = template.function("default").properties["Code"]
    return staged(assembly, code["S3Key"])


@COMPILERS
def test_the_code_asset_holds_the_package_lambdas_only(python: Path | None, tmp_path: Path) -> None:
    package = {f"lambdas/{name}" for name in files(ROOT / "lambdas") if "__pycache__" not in name}
    expected = package - {"lambdas/requirements.txt"}
    packed = files(sources.built_code(python, build=tmp_path))
    assert packed == expected | (bytecode_of(modules()) if python else set())
    assert {Path(name).suffix for name in packed} <= {".py", ".json", ".pyc"}


def test_compiled_code_names_its_sources_by_their_paths_on_lambda(tmp_path: Path) -> None:
    folder = sources.built_code(HERE, build=tmp_path)
    for name in modules():
        pyc = folder / importlib.util.cache_from_source(name)
        assert sources_named_in(pyc) == {f"/var/task/{name}"}


def test_a_stage_on_lambda_has_bytecode_if_this_machine_has_the_functions_python(
    dev: Template, prod: Template, assembly: Path
) -> None:
    built = sources.built_code(bytecode.compiler())
    for template in (dev, prod):
        assert contents(code_of(template, assembly)) == contents(built)


def test_the_emulated_stage_has_sources_only(local: Template, assembly: Path) -> None:
    assert contents(code_of(local, assembly)) == contents(sources.built_code(None))


def test_every_handler_of_the_template_is_in_the_code_asset(
    local: Template, assembly: Path
) -> None:
    for function in local.all("AWS::Lambda::Function"):
        module, _ = function.properties["Handler"].rsplit(".", 1)
        assert f"{module.replace('.', '/')}.py" in files(code_of(local, assembly))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "lambdas", tmp_path / "project" / "lambdas")
    return tmp_path / "project"


@COMPILERS
def test_the_name_and_the_bytes_of_a_code_asset_depend_on_the_code_only(
    python: Path | None, project: Path, tmp_path: Path
) -> None:
    here = sources.built_code(python, build=tmp_path / "here")
    there = sources.built_code(python, project, tmp_path / "there")
    assert there.name == here.name
    assert contents(there) == contents(here)


def test_compiled_and_plain_code_have_different_names(tmp_path: Path) -> None:
    not_compiled = sources.built_code(None, build=tmp_path)
    assert sources.built_code(HERE, build=tmp_path).name != not_compiled.name


def test_changed_code_has_another_name(project: Path, tmp_path: Path) -> None:
    before = sources.built_code(None, project, tmp_path)
    handler = project / "lambdas" / "connect" / "handler.py"
    handler.write_text(handler.read_text() + "# changed\n")
    changed = sources.built_code(None, project, tmp_path)
    handler.rename(handler.with_name("moved.py"))
    moved = sources.built_code(None, project, tmp_path)
    assert len({before.name, changed.name, moved.name}) == 3
