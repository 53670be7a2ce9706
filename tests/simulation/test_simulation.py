"""The proof in short: nothing is lost, and what is lost on purpose is found."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.simulation.choices import Choices
from tests.simulation.mutants import BREAKS, broken
from tests.simulation.scenario import Scenario, draw
from tests.simulation.search import search
from tests.simulation.shrink import shrunk
from tests.simulation.simulation import DEFAULT_LAG, run
from tests.simulation.verification import try_all

INTERLEAVINGS = 1_000


def test_nothing_is_lost_in_any_interleaving() -> None:
    tally, findings = search("a short form", range(INTERLEAVINGS))
    assert findings == []
    assert tally.interleavings == INTERLEAVINGS
    assert tally.longest_lag > 200
    assert tally.delivered > INTERLEAVINGS


@pytest.mark.parametrize("name", BREAKS)
def test_broken_code_is_found(name: str) -> None:
    with broken(name):
        _, findings = search("breaks", range(4_000))
    assert len(findings) == 1, "the proof holds of code that loses"


def test_the_proof_holds_again_once_a_break_is_undone() -> None:
    for name in BREAKS:
        with broken(name):
            pass
    _, findings = search("breaks", range(50))
    assert findings == []


def test_an_index_that_lags_longer_than_joined_is_kept_loses() -> None:
    _, findings = search("lag", range(4_000), max_lag=3_600)
    assert findings


def _traces(seed: str) -> list[str]:
    return run(draw(seed), Choices(seed), traced=True).trace


def test_a_seed_gives_the_same_trace_in_every_process() -> None:
    program = (
        "from tests.simulation.test_simulation import _traces\n"
        "for seed in range(20): print(*_traces(f's{seed}'), sep='\\n')"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert outputs.pop().decode().splitlines() == [
        line for seed in range(20) for line in _traces(f"s{seed}")
    ]


def test_recorded_choices_give_the_same_run_as_the_seed() -> None:
    for number in range(20):
        scenario = draw(f"r{number}")
        first = run(scenario, Choices(f"r{number}"), traced=True)
        again = run(scenario, Choices(given=first.choices), traced=True)
        assert again == first


def test_several_processes_try_the_same_interleavings_as_one() -> None:
    alone, _ = try_all("shared", 100, max_lag=DEFAULT_LAG, processes=1)
    shared, _ = try_all("shared", 100, max_lag=DEFAULT_LAG, processes=2, at_a_time=30)
    assert shared == alone


def _steps(scenario: Scenario) -> int:
    return sum(len(script.steps) for script in scenario)


def test_a_finding_shrinks_to_one_subscriber_and_one_publisher() -> None:
    with broken("lookup before store"):
        _, (finding,) = search("s1", range(500))
        small = shrunk(finding, max_lag=DEFAULT_LAG)
        again = run(small.scenario, Choices(given=small.run.choices), traced=True)
    assert sorted(script.actor[:-1] for script in small.scenario) == ["client", "publisher"]
    assert _steps(small.scenario) == 2
    assert len([choice for choice in small.run.choices if choice]) <= 5
    assert again == small.run
    assert small.run.violation is not None
    steps = [
        line
        for line in small.run.trace
        if ": put notification#" in line or "subscription#c1" in line
    ]
    assert "put ledger" in steps[0]
    assert "put notification#" in steps[1]


def test_what_holds_cannot_be_shrunk() -> None:
    with broken("lookup before store"):
        _, (finding,) = search("s1", range(500))
    holds = replace(finding, run=replace(finding.run, violation=None))
    with pytest.raises(ValueError, match="a run that fails"):
        shrunk(holds, max_lag=DEFAULT_LAG)
