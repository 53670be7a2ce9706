"""`make prove`, run in this process: what it prints, writes and returns."""

import json
from pathlib import Path

import pytest

from proof.__main__ import main
from proof.breaks import BREAKS, broken


@pytest.fixture
def figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "deep" / "figures.json"
    options = ("--interleavings", "300", "--processes", "1", "--seed", "a", "--json", str(path))
    monkeypatch.setattr("sys.argv", ["make prove", *options])
    return path


def test_the_figures_are_printed_and_written(
    figures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 0
    written = json.loads(figures.read_text())
    assert (written["interleavings"], written["losses"]) == (300, 0)
    assert [one["name"] for one in written["breaks"]] == list(BREAKS)
    assert all(one["found"] and one["tries"] > 0 for one in written["breaks"])
    printed = capsys.readouterr().out
    assert "interleavings tried" in printed
    assert "lookup before store" in printed


def test_a_loss_is_explained_with_its_seed_and_its_smallest_steps(
    figures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with broken("joined not written"):
        assert main() == 1
    assert json.loads(figures.read_text())["losses"] == 1
    printed = capsys.readouterr().out
    assert "seed 'a/" in printed
    assert "query by_ref\n" in printed
    assert "put said#" in printed
