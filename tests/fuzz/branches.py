"""Which branches of the parser and of the verifier a run reaches, by coverage.py."""

import importlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import coverage

from tests.fuzz.runs import Tally, run

MODULES: Final = {
    "frames": ("parser", "lambdas.layer.protocol.frames"),
    "tokens": ("verifier", "lambdas.layer.auth.tokens"),
    "requests": ("HTTP events", "lambdas.layer.http_events"),
}
"""What the inputs of a harness are for."""


def run_measured(name: str, seed: str, count: int) -> tuple[Tally, tuple[int, int]]:
    """Return what a run came to, and how many branches it reached of how many."""
    if name not in MODULES:
        return run(name, seed, count), (0, 0)
    file = str(importlib.import_module(MODULES[name][1]).__file__)
    measured = coverage.Coverage(data_file=None, branch=True, include=[file], config_file=False)
    with measured.collect():
        tally = run(name, seed, count)
    with TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        totals = json.loads(report.read_text())["totals"]
    return tally, (totals["covered_branches"], totals["num_branches"])
