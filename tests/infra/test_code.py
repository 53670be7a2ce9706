import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra import layer
from tests.infra.conftest import ROOT
from tests.infra.templates import Template

PINS = "nothing==1.0\n"


def asset(assembly: Path, key: str) -> Path:
    return assembly / f"asset.{key.removesuffix('.zip')}"


def code_of(template: Template, assembly: Path) -> Path:
    code = template.function("default").properties["Code"]
    return asset(assembly, code["S3Key"])


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_code_is_the_package_lambdas_and_nothing_else(local: Template, assembly: Path) -> None:
    package = {f"lambdas/{name}" for name in files(ROOT / "lambdas") if "__pycache__" not in name}
    packed = files(code_of(local, assembly))
    assert packed == package - {"lambdas/requirements.txt"}
    assert {Path(name).suffix for name in packed} == {".py", ".json"}


def test_every_handler_that_is_named_is_in_the_code(local: Template, assembly: Path) -> None:
    for function in local.all("AWS::Lambda::Function"):
        module, _ = function.properties["Handler"].rsplit(".", 1)
        assert f"{module.replace('.', '/')}.py" in files(code_of(local, assembly))


def test_the_stages_share_code_and_layer(templates: dict[str, Template]) -> None:
    codes = {json.dumps(t.function("default").properties["Code"]) for t in templates.values()}
    contents = {
        json.dumps(t.one("AWS::Lambda::LayerVersion").properties["Content"])
        for t in templates.values()
    }
    assert len(codes) == len(contents) == 1


def test_the_layer_holds_the_pinned_packages_and_no_compiled_file(
    local: Template, assembly: Path
) -> None:
    content = local.one("AWS::Lambda::LayerVersion").properties["Content"]
    packed = files(asset(assembly, content["S3Key"]))
    assert all(name.startswith("python/") for name in packed)
    assert "python/fastjsonschema/__init__.py" in packed
    assert "python/aws_lambda_powertools/__init__.py" in packed
    assert "python/jwt/__init__.py" in packed
    compiled = {".pyc", ".so", ".pyd", ".dylib", ".dll"}
    assert not {name for name in packed if Path(name).suffix in compiled}
    assert not {name for name in packed if name.startswith(("python/bin", "python/boto"))}


def test_the_layer_alone_imports_without_what_is_installed_here() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import fastjsonschema, jmespath, jwt, typing_extensions"],
        env={"PYTHONPATH": str(layer.built_layer() / "python"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


class FakePip:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        monkeypatch.setattr(layer, "_pip_install", self.install)

    def install(self, requirements: Path, target: Path) -> None:
        self.calls += 1
        target.mkdir(parents=True)
        (target / "pins").write_bytes(requirements.read_bytes())


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> FakePip:
    return FakePip(monkeypatch)


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(PINS)
    return path


def test_the_layer_is_not_built_again_for_the_same_pins(
    pip: FakePip, requirements: Path, tmp_path: Path
) -> None:
    first = layer.built_layer(requirements, tmp_path / "build")
    assert layer.built_layer(requirements, tmp_path / "build") == first
    assert pip.calls == 1


def test_changed_pins_are_a_new_layer_under_a_new_name(
    pip: FakePip, requirements: Path, tmp_path: Path
) -> None:
    first = layer.built_layer(requirements, tmp_path / "build")
    requirements.write_text(PINS.replace("1.0", "1.1"))
    second = layer.built_layer(requirements, tmp_path / "build")
    assert pip.calls == 2
    assert first.name != second.name
    assert "1.1" in (second / "python" / "pins").read_text()


def test_the_name_of_a_layer_is_the_same_on_every_machine(
    pip: FakePip, requirements: Path, tmp_path: Path
) -> None:
    here = layer.built_layer(requirements, tmp_path / "here")
    requirements.write_bytes(PINS.replace("\n", "\r\n").encode())
    assert layer.built_layer(requirements, tmp_path / "there").name == here.name
    assert pip.calls == 2


def test_an_interrupted_build_leaves_nothing_behind(
    requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_requirements: Path, target: Path) -> None:
        target.mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(layer, "_pip_install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        layer.built_layer(requirements, tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []


def test_a_build_that_lost_the_race_takes_the_winners_layer(
    requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakePip(monkeypatch)

    def slow(requirements: Path, target: Path) -> None:
        monkeypatch.setattr(layer, "_pip_install", fake.install)
        layer.built_layer(requirements, tmp_path / "build")
        fake.install(requirements, target)

    monkeypatch.setattr(layer, "_pip_install", slow)
    folder = layer.built_layer(requirements, tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == [folder]


def test_a_compiled_wheel_is_refused_in_pips_own_words(requirements: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "nothing-1.0-cp313-cp313-manylinux_2_17_x86_64.whl"
    with zipfile.ZipFile(wheel, "w"):
        pass
    requirements.write_text(f"{wheel}\n")
    with pytest.raises(RuntimeError, match=r"(?s)pure-Python wheels only.*not a supported wheel"):
        layer.built_layer(requirements, tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []
