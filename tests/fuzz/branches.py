"""Which branches of the parser and of the verifier a set of inputs reaches, by coverage.py."""

import importlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import coverage

from tests.fuzz.attempts import ATTEMPTS

MODULES: Final[Mapping[str, str]] = {
    "lambdas.layer.protocol.frames": "parser",
    "lambdas.layer.auth.tokens": "verifier",
}


def reached(kept: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, int]]:
    """Return of each module the branches reached, and all it has."""
    files = {name: str(importlib.import_module(name).__file__) for name in MODULES}
    with TemporaryDirectory() as folder:
        measured = coverage.Coverage(
            data_file=None, branch=True, include=list(files.values()), config_file=False
        )
        with measured.collect():
            for name, texts in kept.items():
                for text in texts:
                    with suppress(Exception):  # judged when it was tried
                        ATTEMPTS[name].try_(text)
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        found = json.loads(report.read_text())["files"]
    summaries = {str(Path(file).resolve()): each["summary"] for file, each in found.items()}
    return {
        name: (summaries[file]["covered_branches"], summaries[file]["num_branches"])
        for name, file in files.items()
    }
