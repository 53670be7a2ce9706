"""`make verify`, run in this process: what it prints, writes and returns."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests import verify as command
from tests.kit.verification import Part, Progress, Result
from tests.simulation import verification as simulation
from tests.simulation.mutants import MUTANTS, mutated
from tools.page import with_figures
from tools.table import Table

MUTANT = "recent subscriptions not written"
ORIGINAL = command.PAGE.read_text()


def block(page: str, part: str) -> str:
    """Return the figures of a part on a page."""
    _, _, rest = page.partition(f"<!-- figures: written by `{command.publish_command(part)}` -->\n")
    return rest.partition("\n<!-- end of figures -->")[0]


@pytest.fixture
def figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "deep" / "figures.json"
    options = ("--part", "simulation", "--seed", "a", "--json", str(path))
    monkeypatch.setattr("sys.argv", ["make verify", *options])
    monkeypatch.setattr(simulation, "SHORT", 300)
    monkeypatch.setattr(simulation, "MUTANTS", {MUTANT: MUTANTS[MUTANT]})
    return path


def written(figures: Path) -> Any:
    return json.loads(figures.read_text())["simulation"]


def test_the_figures_are_printed_and_written(
    figures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main() == 0
    result = written(figures)
    assert (result["good"], result["interleavings"], result["losses"]) == (True, 300, 0)
    assert [one["name"] for one in result["mutants"]] == [MUTANT]
    assert all(one["found_by"] == "live" for one in result["mutants"])
    printed = capsys.readouterr().out
    assert "notifications published" in printed
    assert MUTANT in printed


def test_a_mutant_that_is_not_found_fails(
    figures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simulation, "MAX_INTERLEAVINGS_PER_MUTANT", 0)
    assert command.main() == 1
    assert written(figures)["losses"] == 0
    assert "NOT FOUND" in capsys.readouterr().out


def test_a_loss_is_explained_with_its_seed_and_its_smallest_steps(
    figures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    with mutated(MUTANT):
        assert command.main() == 1
    assert written(figures)["losses"] == 1
    printed = capsys.readouterr().out
    assert "seed 'a/" in printed
    assert "query by_ref\n" in printed
    assert "put notification#" in printed


def fake(name: str, *, good: bool = True) -> Part:
    def verify(*, long: bool, seed: str, progress: Progress) -> Result:
        table = Table(f"{name}, seed {seed}", ("long",), [(str(long),)])
        progress(name)
        return Result(good=good, tables=[table], figures={})

    return verify


def test_publishing_replaces_the_block_of_each_part_that_ran_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(command.PAGE.read_text())
    monkeypatch.setattr(command, "PAGE", page)
    parts = {name: fake(name, good=name != "fuzz") for name in command.PARTS}
    monkeypatch.setattr(command, "PARTS", parts)
    figures = tmp_path / "figures.json"
    options = ("--part", "faults", "--part", "fuzz", "--publish", "--long", "--json", str(figures))
    monkeypatch.setattr("sys.argv", ["make verify", *options])
    assert command.main() == 1
    written = page.read_text()
    assert "The long form held. Measured at commit" in block(written, "faults")
    assert "**faults, seed 1**" in block(written, "faults")
    assert "The long form DID NOT HOLD. Measured at commit" in block(written, "fuzz")
    for name in ("faults", "fuzz"):
        written = with_figures(written, command.publish_command(name), block(ORIGINAL, name))
    assert written == ORIGINAL
    assert json.loads(figures.read_text())["fuzz"] == {"good": False}


@pytest.mark.parametrize("part", command.PARTS)
def test_every_part_has_a_block_on_the_page_with_its_form_and_its_commit(part: str) -> None:
    first = block(ORIGINAL, part).splitlines()[0]
    assert re.match(r"The (long|short) form held\. Measured at commit [0-9a-f]{7,} on 20", first)
