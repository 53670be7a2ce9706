"""The simulation alone, with options: how many interleavings, which seed, how long the index lags.

python -m tests.simulation --interleavings 5000 --seed tuesday --lag 60
"""

import argparse
import os

from tests.simulation.runs import DEFAULT_LAG
from tests.simulation.verification import SHORT, explore
from tools.terminal import exit_status, say


def main() -> int:
    """Return 0 if every invariant held and every mutant was found, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--interleavings", type=int, default=SHORT, help="how many to run")
    parser.add_argument("--seed", default="1", help="any text; the same text gives the same runs")
    parser.add_argument(
        "--lag", type=int, default=DEFAULT_LAG, help="the longest lag of the index, in seconds"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    result = explore(
        options.seed,
        options.interleavings,
        max_lag=options.lag,
        processes=options.processes,
        progress=say,
    )
    for table in result.tables:
        say(f"\n{table.as_text()}")
    return 0 if result.good else 1


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
