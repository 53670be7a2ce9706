"""The search finds no loss in the shipped code, and every mutant; runs repeat, and shrink."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.simulation.choices import Choices
from tests.simulation.mutants import MUTANTS, mutated
from tests.simulation.runs import DEFAULT_LAG, run
from tests.simulation.scenario import draw
from tests.simulation.search import Finding, search
from tests.simulation.shrink import shrunk
from tests.simulation.verification import run_all

INTERLEAVINGS = 1_000


def test_no_interleaving_violates_an_invariant() -> None:
    tally, finding = search("a short form", range(INTERLEAVINGS))
    assert finding is None
    assert tally.interleavings == INTERLEAVINGS
    assert tally.longest_lag > 200
    assert tally.delivered > INTERLEAVINGS
    assert tally.polls > INTERLEAVINGS / 2


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found(name: str) -> None:
    with mutated(name):
        _, finding = search("breaks", range(4_000))
    assert finding is not None, "no interleaving violates an invariant"


def test_the_shipped_code_is_restored_after_a_mutant() -> None:
    for name in MUTANTS:
        with mutated(name):
            pass
    _, finding = search("breaks", range(50))
    assert finding is None


def test_an_index_that_lags_longer_than_recent_subscriptions_are_kept_loses() -> None:
    _, finding = search("lag", range(4_000), max_lag=3_600)
    assert finding is not None


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


def test_recorded_choices_repeat_the_run_of_a_seed() -> None:
    for number in range(20):
        scenario = draw(f"r{number}")
        first = run(scenario, Choices(f"r{number}"), traced=True)
        assert run(scenario, Choices(recorded=first.choices), traced=True) == first


def test_several_processes_run_the_same_interleavings_as_one() -> None:
    alone, _ = run_all("shared", 100, max_lag=DEFAULT_LAG, processes=1)
    shared, _ = run_all("shared", 100, max_lag=DEFAULT_LAG, processes=2, chunk=30)
    assert shared == alone


EARLY_READ = "recent subscriptions read before the put"


def _found() -> Finding:
    _, finding = search("s1", range(500))
    assert finding is not None
    return finding


def test_a_finding_shrinks_to_one_subscriber_and_one_publisher() -> None:
    with mutated(EARLY_READ):
        small = shrunk(_found(), max_lag=DEFAULT_LAG)
        again = run(small.scenario, Choices(recorded=small.run.choices), traced=True)
    assert sorted(script.actor[:-1] for script in small.scenario) == ["client", "publisher"]
    assert [len(script.steps) for script in small.scenario] == [1, 1]
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


def test_a_run_without_a_violation_cannot_be_shrunk() -> None:
    with mutated(EARLY_READ):
        finding = _found()
    holds = replace(finding, run=replace(finding.run, violation=None))
    with pytest.raises(ValueError, match="a run with a violation"):
        shrunk(holds, max_lag=DEFAULT_LAG)


def _polls(seed: str) -> list[tuple[float, str, dict[str, str]]]:
    """Return when each poll of a seed was sent, by whom and with what."""
    polls = []
    for line in _traces(seed):
        seconds, text = line.split("s  ", 1)
        if " polls " in text:
            poller, body = text.split(" polls ")
            polls.append((float(seconds), poller, json.loads(body)))
    return polls


def test_a_poller_polls_again_after_2_seconds_or_more_with_the_last_now_that_arrived() -> None:
    again = changed = repeated = 0
    for seed in range(200):
        last: dict[tuple[str, str, str], tuple[float, str]] = {}
        for at, poller, body in _polls(f"p{seed}"):
            key = poller, body["merchant_id"], str(body["ref"])
            since = body.get("since", "")
            if key in last:
                assert at >= last[key][0] + 2
                assert since >= last[key][1]
                again += 1
                repeated += since == last[key][1]
                changed += since != last[key][1]
            last[key] = at, since
    assert again > 50
    assert changed > repeated > 5
