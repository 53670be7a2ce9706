"""The fuzzing as a part of `make verify`: Hypothesis, and in the long form libFuzzer as well."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

from tests.fuzz.branches import MODULES, run_measured
from tests.fuzz.harnesses import HARNESSES
from tests.fuzz.runs import Tally, run
from tests.kit.verification import Progress, Result
from tools.table import Table

SHORT: Final = 1_000
LONG: Final = 250_000
"""Inputs of each harness; the long form tries its own after those of the short one."""

_PART: Final = 10_000
"""Inputs of one run of Hypothesis, which keeps them all in memory."""

_MIN_JSON: Final = 0.3
_MIN_BRANCHES: Final = 0.9
_HAS_ATHERIS: Final = importlib.util.find_spec("atheris") is not None


def verify(*, long: bool, seed: str, progress: Progress) -> Result:
    """Try some thousand inputs, in the long form a million more."""
    started = time.monotonic()
    done = {name: Tally() for name in HARNESSES}
    # A process for each run: Hypothesis also draws constants that it finds in the modules loaded.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), max_tasks_per_child=1) as pool:
        measured = {name: pool.submit(run_measured, name, seed, SHORT) for name in HARNESSES}
        parts = [
            (name, pool.submit(_run_guided if _HAS_ATHERIS else run, name, f"{seed}/{at}", count))
            for at, count in _parts(long=long)
            for name in HARNESSES
        ]
        branches = {name: measured[name].result()[1] for name in MODULES}
        for name, one in measured.items():
            done[name].add(one.result()[0])
        for name, part in parts:
            done[name].add(part.result())
    for name, tally in done.items():
        for what in tally.broken:
            progress(f"{name}: BROKEN: {what}")
    return _judged(done, branches, time.monotonic() - started)


def _parts(*, long: bool) -> list[tuple[int, int]]:
    """Return the number and the inputs of each part of the long form; libFuzzer learns in one."""
    size = LONG if _HAS_ATHERIS else _PART
    return [(at, min(size, LONG - at)) for at in range(0, LONG if long else 0, size)]


def _run_guided(name: str, seed: str, count: int) -> Tally:
    command = (sys.executable, "-m", "tests.fuzz.guided", name, seed, str(count))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return Tally(broken=[f"exit status {done.returncode}: {done.stderr[-2000:]}"])
    return Tally(*json.loads(done.stdout))


def _judged(done: dict[str, Tally], branches: dict[str, tuple[int, int]], seconds: float) -> Result:
    total = Tally()
    for tally in done.values():
        total.add(tally)
    rows: list[tuple[str, ...]] = [
        (
            name,
            f"{tally.inputs:,}",
            f"{tally.json / max(1, tally.inputs):.0%}",
            str(len(tally.broken)),
            f"{seconds:.0f} s"
            if tally is total
            else ", ".join(f"{kind} {n:,}" for kind, n in sorted(tally.outcomes.items())),
        )
        for name, tally in {**done, "all": total}.items()
    ]
    reached: list[tuple[str, ...]] = [
        (", ".join(MODULES[name]), f"{some} of {every} ({some / every:.0%})")
        for name, (some, every) in branches.items()
    ]
    share = total.json / max(1, total.inputs)
    covered = all(some / every >= _MIN_BRANCHES for some, every in branches.values())
    columns = ("given to", "inputs", "valid JSON", "broke a rule", "outcomes")
    return Result(
        good=not total.broken and covered and share >= _MIN_JSON,
        tables=[
            Table("Invalid input in bulk", columns, rows),
            Table("Branches that the inputs reached", ("module", "reached"), reached),
        ],
        figures={
            "inputs": total.inputs,
            "json": round(share, 3),
            "broken": {name: tally.broken for name, tally in done.items()},
            "outcomes": {name: dict(tally.outcomes) for name, tally in done.items()},
            "branches": {MODULES[name][1]: each for name, each in branches.items()},
            "seconds": round(seconds, 1),
        },
    )
