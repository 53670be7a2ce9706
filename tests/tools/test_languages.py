"""Which snippets are run: what is missing is installed, said, or in CI an error."""

import os
from pathlib import Path

import pytest

from tools import ToolError, languages


@pytest.fixture(autouse=True)
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty folder that is the whole PATH, outside of CI and not as root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return tmp_path


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_missing_language_is_said_in_one_line_each_and_left_out(
    capsys: pytest.CaptureFixture[str], nothing: Path
) -> None:
    _program(nothing / "ruby", "exit 1")  # Ruby, without the library
    _program(nothing / "go", "exit 0")
    assert languages.main() == 0
    assert languages.to_run() == ["go"]
    said = capsys.readouterr().out.splitlines()
    missing = ["ruby", "php", "java", "curl"]
    assert all(f" for {name} are not run" in line for name, line in zip(missing, said, strict=True))
    packages = "apt-get install ruby ruby-jwt php-cli default-jdk-headless curl"
    assert [packages in line for line in said] == [True] * 4


def test_in_ci_a_missing_language_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert languages.to_run() == list(languages.LANGUAGES)
    with pytest.raises(ToolError, match="for ruby are not run"):
        languages.main()


def test_as_root_on_debian_what_is_missing_is_installed(
    monkeypatch: pytest.MonkeyPatch, nothing: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name in ("php", "go", "javac", "curl"):
        _program(nothing / name, "exit 0")
    there = nothing / "ruby"
    _program(
        nothing / "apt-get", f'test "$5" != ruby || test "$6" != ruby-jwt || /bin/cp "$0" {there}'
    )
    assert languages.main() == 0
    assert languages.to_run() == list(languages.LANGUAGES)
