"""The simulation as a part of `make verify`: run many interleavings, then find every mutant."""

import gc
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.kit.verification import Progress, Result
from tests.simulation.figures import Figures, MutantResult
from tests.simulation.mutants import MUTANTS, mutated
from tests.simulation.runs import DEFAULT_LAG
from tests.simulation.search import Finding, Tally, search
from tests.simulation.shrink import shrunk

SHORT = 20_000
LONG = 1_000_000
MAX_INTERLEAVINGS_PER_MUTANT = 5_000

_CHUNK = 1_000

_GC_THRESHOLD = 50_000
"""Objects until a collection: a run leaves hundreds, all in cycles with its tasks."""


def verify(*, long: bool, seed: str, progress: Progress) -> Result:
    """Run a million interleavings, or twenty thousand."""
    return explore(seed, LONG if long else SHORT, progress=progress)


def explore(
    seed: str,
    count: int,
    *,
    max_lag: int = DEFAULT_LAG,
    processes: int | None = None,
    progress: Progress,
) -> Result:
    """Run so many interleavings, then each mutant; explain the first loss to `progress`.

    By default there are as many processes as processors.
    """
    processes = processes or os.cpu_count() or 1
    gc.set_threshold(_GC_THRESHOLD)
    started = time.monotonic()
    tally, losses = run_all(seed, count, max_lag=max_lag, processes=processes)
    seconds = time.monotonic() - started
    for finding in losses[:1]:
        progress(explained(finding, max_lag=max_lag))
    mutants = [find(name, seed) for name in MUTANTS]
    figures = Figures(seed, tally, losses, mutants, seconds, processes)
    return Result(good=figures.good, tables=figures.tables(), figures=figures.as_json())


def run_all(
    seed: str, count: int, *, max_lag: int, processes: int, chunk: int = _CHUNK
) -> tuple[Tally, list[Finding]]:
    """Run so many interleavings, the same ones however many processes share them.

    A chunk ends at its first finding.
    """
    work = partial(search, seed, max_lag=max_lag)
    chunks = [range(at, min(at + chunk, count)) for at in range(0, count, chunk)]
    tally = Tally()
    losses: list[Finding] = []
    for part, finding in _shared(work, chunks, processes):
        tally.add(part)
        losses += [] if finding is None else [finding]
    return tally, losses


def _shared(
    work: "partial[tuple[Tally, Finding | None]]", chunks: list[range], processes: int
) -> Iterator[tuple[Tally, Finding | None]]:
    if processes == 1:
        yield from map(work, chunks)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(work, chunks)


def find(name: str, seed: str) -> MutantResult:
    """Run interleavings of a mutant until it is found."""
    with mutated(name):
        tally, finding = search(seed, range(MAX_INTERLEAVINGS_PER_MUTANT))
    violation = None if finding is None else finding.run.violation
    return MutantResult(name, tally.interleavings, violation.invariant if violation else None)


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
