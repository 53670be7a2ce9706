"""The interleavings as a part of the proof: try many, then break the code and see it found."""

import gc
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.kit.verification import Progress, Result
from tests.simulation.figures import Broken, Figures
from tests.simulation.mutants import BREAKS, broken
from tests.simulation.search import Finding, Tally, search
from tests.simulation.shrink import shrunk
from tests.simulation.simulation import DEFAULT_LAG

SHORT = 20_000
LONG = 1_000_000
TRIES_PER_BREAK = 5_000

_AT_A_TIME = 1_000

_GARBAGE = 50_000
"""Objects until a collection: a run leaves hundreds, all of them in cycles with its tasks."""


def verify(*, long: bool, seed: str, progress: Progress) -> Result:
    """Try a million, or twenty thousand."""
    return attack(seed, LONG if long else SHORT, progress=progress)


def attack(
    seed: str,
    count: int,
    *,
    max_lag: int = DEFAULT_LAG,
    processes: int | None = None,
    progress: Progress,
) -> Result:
    """Try so many interleavings, then every break; the first loss is explained by `progress`.

    So many processes share the work, or as many as there are processors.
    """
    processes = processes or os.cpu_count() or 1
    gc.set_threshold(_GARBAGE)
    started = time.monotonic()
    tally, losses = try_all(seed, count, max_lag=max_lag, processes=processes)
    seconds = time.monotonic() - started
    for finding in losses[:1]:
        progress(explained(finding, max_lag=max_lag))
    breaks = [find(name, seed) for name in BREAKS]
    figures = Figures(seed, tally, losses, breaks, seconds, processes)
    return Result(good=figures.good, tables=figures.tables(), figures=figures.as_json())


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


def explained(finding: Finding, *, max_lag: int) -> str:
    """Return the seed of a finding and its smallest form, step by step."""
    small = shrunk(finding, max_lag=max_lag)
    violation = small.run.violation
    return "\n".join(
        (
            f"seed {finding.seed!r}, lag {small.run.lag} s: {violation.text if violation else ''}",
            *(
                f"  {script.actor}{' (raw)' if script.raw else ''}: {script.steps}"
                for script in small.scenario
            ),
            *(f"  {line}" for line in small.run.trace),
        )
    )
