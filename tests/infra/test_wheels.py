import importlib.util
import os
import platform
import re
import subprocess
import sys
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest

from infra import wheels
from infra.wheels import LAMBDA, THIS_PYTHON, Target
from tests.infra.conftest import ROOT

PINS = "nothing==1.0\n"
HERE = Path(sys.executable)


class FakePip:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        monkeypatch.setattr(wheels, "_pip_install", self.install)

    def install(self, _target: Target, requirements: Path, folder: Path) -> None:
        self.calls += 1
        folder.mkdir(parents=True)
        (folder / "pins").write_bytes(requirements.read_bytes())
        (folder / "module.py").write_text("")


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> FakePip:
    return FakePip(monkeypatch)


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(PINS)
    return path


def built(requirements: Path, build: Path, python: Path | None = None) -> Path:
    return wheels.built_packages(LAMBDA, python, requirements, build)


def test_the_same_pins_are_installed_once(pip: FakePip, requirements: Path, tmp_path: Path) -> None:
    first = built(requirements, tmp_path / "build")
    assert built(requirements, tmp_path / "build") == first
    assert pip.calls == 1


def test_changed_pins_build_a_layer_with_another_name(
    pip: FakePip, requirements: Path, tmp_path: Path
) -> None:
    first = built(requirements, tmp_path / "build")
    requirements.write_text(PINS.replace("1.0", "1.1"))
    second = built(requirements, tmp_path / "build")
    assert pip.calls == 2
    assert first.name != second.name
    assert "1.1" in (second / "python" / "pins").read_text()


def test_the_name_of_a_layer_depends_on_its_target_and_on_being_compiled(
    pip: FakePip, requirements: Path, tmp_path: Path
) -> None:
    folders = {
        wheels.built_packages(target, python, requirements, tmp_path / "build")
        for target in (LAMBDA, THIS_PYTHON)
        for python in (None, HERE)
    }
    assert len(folders) == pip.calls == 4


def test_compiled_packages_name_their_sources_by_their_paths_on_lambda(
    pip: FakePip, requirements: Path, tmp_path: Path
) -> None:
    folder = built(requirements, tmp_path / "build", HERE)
    pyc = Path(importlib.util.cache_from_source(str(folder / "python" / "module.py")))
    assert b"/opt/python/module.py" in pyc.read_bytes()
    assert os.fsencode(tmp_path) not in pyc.read_bytes()
    assert pip.calls == 1


def test_the_name_of_a_layer_is_the_same_on_every_machine(
    pip: FakePip, requirements: Path, tmp_path: Path
) -> None:
    here = built(requirements, tmp_path / "here")
    requirements.write_bytes(PINS.replace("\n", "\r\n").encode())
    assert built(requirements, tmp_path / "there").name == here.name
    assert pip.calls == 2


def test_an_interrupted_build_leaves_no_folder(
    requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_target: Target, _requirements: Path, folder: Path) -> None:
        folder.mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(wheels, "_pip_install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        built(requirements, tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []


def test_two_builds_at_once_leave_one_layer(
    requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakePip(monkeypatch)

    def slow(target: Target, requirements: Path, folder: Path) -> None:
        monkeypatch.setattr(wheels, "_pip_install", fake.install)
        built(requirements, tmp_path / "build")
        fake.install(target, requirements, folder)

    monkeypatch.setattr(wheels, "_pip_install", slow)
    folder = built(requirements, tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == [folder]


@pytest.mark.parametrize("target", [LAMBDA, THIS_PYTHON], ids=["Lambda", "this machine"])
def test_a_package_without_a_wheel_for_the_target_is_rejected_with_advice(
    target: Target, requirements: Path, tmp_path: Path
) -> None:
    elsewhere = "nothing-1.0-cp313-abi3-manylinux_2_17_s390x.whl"
    with zipfile.ZipFile(tmp_path / elsewhere, "w"):
        pass
    requirements.write_text(f"--no-index\n--find-links {tmp_path}\n{PINS}")
    assert platform.machine() != "s390x"
    with pytest.raises(RuntimeError) as caught:
        wheels.built_packages(target, None, requirements, tmp_path / "build")
    assert target.name in str(caught.value)
    assert "no wheel for that Python and machine: use a machine that has one" in str(caught.value)
    assert "No matching distribution found for nothing==1.0" in str(caught.value)
    assert list((tmp_path / "build").iterdir()) == []


def test_the_builders_of_assets_do_not_import_cdk() -> None:
    program = "import infra.sources, infra.wheels, sys; print('aws_cdk' in sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_pinned_awscrt_is_the_version_that_botocore_requires() -> None:
    (asked,) = (line for line in requires("botocore") or () if line.startswith("awscrt"))
    version = re.search(r"==([0-9.]+)", asked)
    assert version
    assert f"awscrt=={version[1]}" in wheels.REQUIREMENTS.read_text()
