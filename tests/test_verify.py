"""`make verify`, run in this process: what it prints, writes and returns."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import verify as command
from tests.simulation import verification as part
from tests.simulation.mutants import BREAKS, broken


@pytest.fixture
def figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "deep" / "figures.json"
    options = ("--part", "simulation", "--seed", "a", "--json", str(path))
    monkeypatch.setattr("sys.argv", ["make verify", *options])
    monkeypatch.setattr(part, "SHORT", 300)
    return path


def written(figures: Path) -> Any:
    return json.loads(figures.read_text())["simulation"]


def test_the_figures_are_printed_and_written(
    figures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main() == 0
    found = written(figures)
    assert (found["good"], found["interleavings"], found["losses"]) == (True, 300, 0)
    assert [one["name"] for one in found["breaks"]] == list(BREAKS)
    assert all(one["found"] and one["tries"] > 0 for one in found["breaks"])
    printed = capsys.readouterr().out
    assert "interleavings tried" in printed
    assert "lookup before store" in printed


def test_a_loss_is_explained_with_its_seed_and_its_smallest_steps(
    figures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    with broken("joined not written"):
        assert command.main() == 1
    assert written(figures)["losses"] == 1
    printed = capsys.readouterr().out
    assert "seed 'a/" in printed
    assert "query by_ref\n" in printed
    assert "put notification#" in printed
