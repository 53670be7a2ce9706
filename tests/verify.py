"""`make verify`: look for counterexamples to every promise; print the figures, write them as JSON.

ARGS="--long" tries far more; with --publish the tables of either form go into docs/reliability.md;
the raw figures stay in .build/.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.load.verification import verify as load
from tests.faults.verification import verify as faults
from tests.forgeries.verification import verify as forgeries
from tests.fuzz.verification import verify as fuzz
from tests.kit.verification import Part
from tests.simulation.verification import verify as simulation
from tools.machine import machine
from tools.page import publish
from tools.table import Table
from tools.terminal import Progress, exit_status, say

PARTS: Final[Mapping[str, Part]] = {
    "load": load,  # first: it measures, and the others heat the machine
    "simulation": simulation,
    "faults": faults,
    "fuzz": fuzz,
    "forgeries": forgeries,
}

_ROOT: Final = Path(__file__).parent.parent
_PUBLISH: Final = "make verify ARGS=--publish"


def main() -> int:
    """Return 0 if everything held, else 1."""
    options = _options()
    progress = Progress()
    where = machine("benchmarks", "tests")
    progress(f"verifying {where.commit}; load average {where.load_before} on {where.cores} cores")
    results = {}
    for name in options.part or PARTS:
        progress(name)
        results[name] = PARTS[name](long=options.long, seed=options.seed, progress=progress)
    tables = [
        Table(
            f"What was verified, in the {'long' if options.long else 'short'} form",
            ("part", "held"),
            [(name, "yes" if result.good else "NO") for name, result in results.items()],
        ),
        *(table for result in results.values() for table in result.tables),
    ]
    for table in tables:
        say(f"\n{table.as_text()}")
    output: Path = options.json
    output.parent.mkdir(parents=True, exist_ok=True)
    figures = {name: {"good": one.good, **one.figures} for name, one in results.items()}
    output.write_text(json.dumps({"machine": asdict(where), **figures}, indent=2) + "\n")
    say(f"\n{output}")
    if options.publish:
        publish(_ROOT / "docs" / "reliability.md", _PUBLISH, where, tables)
    return 0 if all(result.good for result in results.values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make verify", description=__doc__)
    parser.add_argument("--long", action="store_true", help="the long form, about an hour")
    parser.add_argument("--publish", action="store_true", help="write docs/reliability.md, too")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one; repeatable")
    parser.add_argument("--seed", default="1", help="any text; the same text, the same attempts")
    output = _ROOT / ".build" / "verification.json"
    parser.add_argument("--json", type=Path, default=output, help="where the figures are written")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
