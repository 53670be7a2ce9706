"""`make bench`: run the benchmark, print its tables, write them with a chart.

ARGS="--quick" does little of everything, for those who work on the benchmark itself;
ARGS="--publish" writes the tables and the chart to docs/ as well; the raw figures stay in .build/.
"""

import argparse
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks import fan_out, imports, latency, operations, polls, retained
from benchmarks.chart import draw
from benchmarks.figures import (
    Figures,
    latencies,
    poll_latencies,
    rows_effects,
    times_prepared,
)
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.tables import tables
from benchmarks.targets import judge
from tools.deploy import local_stage
from tools.machine import machine
from tools.page import publish
from tools.terminal import Progress, exit_status, say

_ROOT = Path(__file__).parent.parent
_OUTPUT = _ROOT / ".build" / "bench"


def main() -> int:
    """Return 0 whatever the figures are: a missed target is a finding, not a failure."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--output", type=Path, default=_OUTPUT, help="where results are written")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_true", help="a few runs of each; no good figures")
    kind.add_argument("--publish", action="store_true", help="write to docs/ as well")
    options = parser.parse_args()
    output: Path = options.output
    output.mkdir(parents=True, exist_ok=True)

    figures = _measure(QUICK if options.quick else FULL, output, Progress())
    targets = judge(figures)
    result = {**asdict(figures), "targets": [asdict(target) for target in targets]}
    as_json, as_chart = output / "benchmark.json", output / "benchmark.png"
    as_json.write_text(json.dumps(result, indent=2) + "\n")
    draw(figures, as_chart)
    written = tables(figures, targets)
    for table in written:
        say(f"\n{table.as_text()}")
    say(f"\n{as_json}\n{as_chart}")
    if options.publish:
        page = _ROOT / "docs" / "benchmark.md"
        publish(page, "make bench ARGS=--publish", str(figures.machine), written, as_chart)
    return 0


def _measure(plan: Plan, folder: Path, progress: Callable[[str], object]) -> Figures:
    where = machine("benchmarks")
    progress(f"measuring {where.commit}; load average {where.load_before} on {where.cores} cores")
    progress("importing each function in fresh interpreters")
    starts = imports.measure(plan.import_rounds, folder)
    progress("posting to connections that take 10 ms")
    fan_outs = fan_out.measure(plan.fan_out_rounds)
    with ExitStack() as stack:
        stages = {}
        for rows in (plan.few_rows, plan.many_rows):
            progress(f"deploying the stage that gets {rows:,} other rows")
            stages[rows] = stack.enter_context(local_stage(folder / f"stage-{rows}"))
        progress("counting the calls of each operation")
        counted = operations.count(stages[plan.few_rows])
        samples = latency.measure(stages, plan, progress)
        # Last: what they write would be other rows to everything else.
        progress("asking over HTTP")
        polled = polls.measure(stages[plan.few_rows], plan)
        progress("subscribing to refs that hold many notifications, and asking for them")
        late = retained.measure(stages[plan.few_rows], plan.retained_megabytes)
    return Figures(
        machine=where,
        plan=plan,
        latencies=latencies(samples),
        rows_effects=rows_effects(samples, plan),
        times_prepared=times_prepared(samples, plan),
        fan_outs=fan_outs,
        polls=poll_latencies(polled),
        operations=counted,
        retained=late,
        starts=starts,
    )


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
