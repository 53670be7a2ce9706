"""Which browser the tests take, and what is said where there is none."""

import os
import platform
from pathlib import Path

import pytest

from tools import ToolError, chromium


@pytest.fixture(autouse=True)
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    return tmp_path


def _program(path: Path, text: str = "exit 0") -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_what_is_said_comes_first(monkeypatch: pytest.MonkeyPatch, nothing: Path) -> None:
    _program(nothing / "chromium")
    said = _program(nothing / "mine")
    monkeypatch.setenv("CHROMIUM", said)
    assert chromium.chromium() == said


def test_what_is_said_must_be_a_program(monkeypatch: pytest.MonkeyPatch, nothing: Path) -> None:
    monkeypatch.setenv("CHROMIUM", str(nothing / "none"))
    with pytest.raises(ToolError, match="is no program"):
        chromium.chromium()


@pytest.mark.parametrize("name", ["chromium", "google-chrome"])
def test_what_is_in_the_path_is_found(nothing: Path, name: str) -> None:
    program = _program(nothing / name)
    assert chromium.chromium() == program


def test_without_one_and_without_apt_it_is_said_what_to_do() -> None:
    with pytest.raises(ToolError, match="Install Chromium"):
        chromium.main()


def test_as_root_on_debian_it_is_installed(monkeypatch: pytest.MonkeyPatch, nothing: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    there = nothing / "chromium"
    _program(nothing / "apt-get", f'test "$2" = update || /bin/cp "$0" {there}')
    assert chromium.main() == 0
    assert chromium.chromium() == str(there)


def test_an_installation_that_fails_is_explained(
    monkeypatch: pytest.MonkeyPatch, nothing: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    _program(nothing / "apt-get", "echo no network >&2; exit 100")
    with pytest.raises(ToolError, match="update failed:\nno network"):
        chromium.main()
