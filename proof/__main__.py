"""`make prove`: try interleavings, break the code to see that this is found, print the figures.

ARGS="--long" tries a million instead of 20,000.
"""

import argparse
import gc
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from proof.breaks import BREAKS, broken
from proof.figures import Broken, Figures
from proof.search import Finding, Tally, search
from proof.shrink import shrunk
from proof.world import DEFAULT_LAG
from tools.terminal import exit_status, say

SHORT = 20_000
LONG = 1_000_000
TRIES_PER_BREAK = 5_000

_OUTPUT = Path(__file__).parent.parent / ".build" / "proof" / "interleavings.json"
_AT_A_TIME = 1_000

_GARBAGE = 50_000
"""Objects until a collection: a run leaves hundreds, all of them in cycles with its tasks."""


def main() -> int:
    """Return 0 if everything held and every break was found, else 1."""
    options = _options()
    gc.set_threshold(_GARBAGE)
    started = time.monotonic()
    tally, losses = try_all(
        options.seed, options.interleavings, max_lag=options.lag, processes=options.processes
    )
    seconds = time.monotonic() - started
    for finding in losses[:1]:
        explain(finding, max_lag=options.lag)
    figures = Figures(
        seed=options.seed,
        tally=tally,
        losses=losses,
        breaks=[find(name, options.seed) for name in BREAKS],
        seconds=seconds,
        processes=options.processes,
    )
    say(figures.as_text())
    output: Path = options.json
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures.as_json(), indent=2) + "\n")
    return 0 if figures.good else 1


def try_all(
    seed: str, count: int, *, max_lag: int, processes: int, at_a_time: int = _AT_A_TIME
) -> tuple[Tally, list[Finding]]:
    """Try so many interleavings of a seed; the same ones, however many processes share them."""
    work = partial(search, seed, max_lag=max_lag)
    parts = [range(at, min(at + at_a_time, count)) for at in range(0, count, at_a_time)]
    tally = Tally()
    losses: list[Finding] = []
    for part, findings in _shared(work, parts, processes):
        tally.add(part)
        losses += findings
    return tally, losses


def _shared(
    work: "partial[tuple[Tally, list[Finding]]]", parts: list[range], processes: int
) -> Iterator[tuple[Tally, list[Finding]]]:
    if processes == 1:
        yield from map(work, parts)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(work, parts)


def find(name: str, seed: str) -> Broken:
    """Break the shipped code and try until it is found."""
    with broken(name):
        tally, findings = search(seed, range(TRIES_PER_BREAK))
    violations = [one.run.violation.kind for one in findings if one.run.violation is not None]
    return Broken(name, tally.interleavings, violations[0] if violations else None)


def explain(finding: Finding, *, max_lag: int) -> None:
    """Print the seed of a finding and its smallest form, step by step."""
    small = shrunk(finding, max_lag=max_lag)
    violation = small.run.violation
    say(f"seed {finding.seed!r}, lag {small.run.lag} s: {violation.text if violation else ''}")
    for script in small.scenario:
        say(f"  {script.actor}{' (raw)' if script.raw else ''}: {script.steps}")
    for line in small.run.trace:
        say(f"  {line}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    count = parser.add_mutually_exclusive_group()
    count.add_argument("--interleavings", type=int, default=SHORT, help="how many to try")
    count.add_argument(
        "--long", dest="interleavings", action="store_const", const=LONG, help=f"try {LONG:,}"
    )
    parser.add_argument("--seed", default="1", help="any text; the same text, the same runs")
    parser.add_argument(
        "--lag", type=int, default=DEFAULT_LAG, help="the most that the index lags, in seconds"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, default=_OUTPUT, help="where the figures are written")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
