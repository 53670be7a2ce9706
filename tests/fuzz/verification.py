"""The fuzzing as a part of the proof: every attempt in batches, side by side in processes."""

import os
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

from tests.fuzz.attempts import ATTEMPTS
from tests.fuzz.branches import MODULES, reached
from tests.fuzz.guide import Batch, batch
from tests.kit.verification import Progress, Result
from tools.table import Table

SHORT: Final = 2_000
LONG: Final = 300_000
"""Inputs of each attempt."""

_AT_A_TIME: Final = 10_000
_LEAST_JSON: Final = 0.3
_LEAST_BRANCHES: Final = 0.9


def verify(*, long: bool, seed: str, progress: Progress) -> Result:
    """Try 1.2 million inputs, or eight thousand."""
    count = LONG if long else SHORT
    started = time.monotonic()
    done = _try_all(seed, count)
    seconds = time.monotonic() - started
    for name, each in done.items():
        for what in each.broken:
            progress(f"{name}: BROKEN: {what}")
    branches = reached({name: each.kept for name, each in done.items()})
    inputs = sum(each.inputs for each in done.values())
    json = sum(each.json for each in done.values()) / inputs
    broken = sum(len(each.broken) for each in done.values())
    covered = all(some / every >= _LEAST_BRANCHES for some, every in branches.values())
    rows: list[tuple[str, ...]] = [
        (
            name,
            f"{each.inputs:,}",
            f"{each.json / each.inputs:.0%}",
            str(len(each.broken)),
            ", ".join(f"{kind} {n:,}" for kind, n in sorted(each.outcomes.items())),
        )
        for name, each in done.items()
    ]
    rows.append(("all", f"{inputs:,}", f"{json:.0%}", str(broken), f"{seconds:.0f} s"))
    tables = [
        Table(
            "Bad input in bulk",
            ("given to", "inputs", "valid JSON", "broke a rule", "what came of them"),
            rows,
        ),
        Table(
            "Branches that the inputs reached",
            ("module", "reached"),
            [
                (f"{MODULES[name]}, {name}", f"{some} of {every} ({some / every:.0%})")
                for name, (some, every) in branches.items()
            ],
        ),
    ]
    figures = {
        "inputs": inputs,
        "json": round(json, 3),
        "broken": {name: each.broken for name, each in done.items()},
        "outcomes": {name: dict(each.outcomes) for name, each in done.items()},
        "branches": branches,
        "seconds": round(seconds, 1),
    }
    good = not broken and covered and json >= _LEAST_JSON
    return Result(good=good, tables=tables, figures=figures)


def _try_all(seed: str, count: int) -> dict[str, Batch]:
    parts = [
        (name, seed, at // _AT_A_TIME, min(_AT_A_TIME, count - at))
        for name in ATTEMPTS
        for at in range(0, count, _AT_A_TIME)
    ]
    done: defaultdict[str, Batch] = defaultdict(Batch)
    # Processes of their own: functions are loaded once, under settings of ours.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for (name, *_), each in zip(parts, pool.map(batch, *zip(*parts, strict=True)), strict=True):
            done[name].add(each)
    return dict(done)
