"""The interleavings alone, with what may be turned: how many, from which seed, how late the index.

python -m tests.simulation --interleavings 5000 --seed tuesday --lag 60
"""

import argparse
import os

from tests.simulation.simulation import DEFAULT_LAG
from tests.simulation.verification import SHORT, attack
from tools.terminal import exit_status, say


def main() -> int:
    """Return 0 if everything held and every break was found, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--interleavings", type=int, default=SHORT, help="how many to try")
    parser.add_argument("--seed", default="1", help="any text; the same text, the same runs")
    parser.add_argument(
        "--lag", type=int, default=DEFAULT_LAG, help="the most that the index lags, in seconds"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    result = attack(
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
