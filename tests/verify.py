"""`make verify`: look for counterexamples to every guarantee, print the figures, write JSON.

ARGS="--long" tries far more, ARGS="--part faults" runs one part only. With --publish the tables of
each part that ran replace its own in docs/reliability.md; the raw figures stay in .build/.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.load.verification import verify as load
from tests.faults.verification import verify as faults
from tests.fuzz.forgeries import verify as forgeries
from tests.fuzz.verification import verify as fuzz
from tests.kit.verification import Part, Result
from tests.simulation.verification import verify as simulation
from tools.machine import Machine, machine
from tools.page import publish
from tools.terminal import Progress, exit_status, say

PARTS: Final[Mapping[str, Part]] = {
    "load": load,  # first: it measures, and the others heat the machine
    "simulation": simulation,
    "faults": faults,
    "fuzz": fuzz,
    "forgeries": forgeries,
}

_ROOT: Final = Path(__file__).parent.parent
PAGE: Final = _ROOT / "docs" / "reliability.md"


def main() -> int:
    """Return 0 if everything held, else 1."""
    options = _options()
    progress = Progress()
    where = machine("benchmarks", "tests")
    progress(f"verifying {where.commit}; load average {where.load_before} on {where.cores} cores")
    results: dict[str, Result] = {}
    for name in options.part or PARTS:
        progress(name)
        results[name] = PARTS[name](long=options.long, seed=options.seed, progress=progress)
    for name, result in results.items():
        say(f"\n{name}: {_judgement(result, long=options.long)}")
        for table in result.tables:
            say(f"\n{table.as_text()}")
    output: Path = options.json
    output.parent.mkdir(parents=True, exist_ok=True)
    figures = {name: {"good": one.good, **one.figures} for name, one in results.items()}
    output.write_text(json.dumps({"machine": asdict(where), **figures}, indent=2) + "\n")
    say(f"\n{output}")
    if options.publish:
        for name, result in results.items():
            _publish(name, result, where, long=options.long)
    return 0 if all(result.good for result in results.values()) else 1


def publish_command(part: str) -> str:
    """Return what publishes a part alone, as the marker of its block on the page names it."""
    return f"make verify ARGS='--part {part} --publish'"


def _publish(part: str, result: Result, where: Machine, *, long: bool) -> None:
    origin = f"{_judgement(result, long=long)} {where}"
    publish(PAGE, publish_command(part), origin, result.tables)


def _judgement(result: Result, *, long: bool) -> str:
    return f"The {'long' if long else 'short'} form {'held' if result.good else 'DID NOT HOLD'}."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make verify", description=__doc__)
    parser.add_argument("--long", action="store_true", help="the long form, about an hour")
    parser.add_argument(
        "--publish", action="store_true", help="write these parts to docs/reliability.md, too"
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one; repeatable")
    parser.add_argument("--seed", default="1", help="any text; the same text, the same attempts")
    output = _ROOT / ".build" / "verification.json"
    parser.add_argument("--json", type=Path, default=output, help="where the figures are written")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
