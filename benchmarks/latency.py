"""From a publish to its last delivery, and the floor, over WebSockets and in turns."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from benchmarks.echo import deploy_echo
from benchmarks.figures import FLOOR, PREPARED, Cell, Rounds
from benchmarks.plan import SUBSCRIBERS, Plan
from benchmarks.rows import fill
from benchmarks.sockets import Sockets, opened
from tools.deploy import LocalStage

_Samples = dict[Cell, list[list[float]]]


def measure(
    stages: Mapping[int, LocalStage], plan: Plan, progress: Callable[[str], object]
) -> dict[Cell, Rounds]:
    """Return the samples of every cell. `stages`: by the number of other rows to put in each."""
    for rows, stage in stages.items():
        progress(f"writing {rows:,} rows of other refs to each table")
        fill(stage, rows)
    with ExitStack() as stack:
        progress(f"opening {sum(SUBSCRIBERS)} WebSockets to each stage and subscribing")
        sockets = {
            rows: stack.enter_context(opened(stage, deploy_echo(stage)))
            for rows, stage in stages.items()
        }
        cells = [(rows, count) for count in (FLOOR, PREPARED, *SUBSCRIBERS) for rows in stages]
        samples: _Samples = {cell: [] for cell in cells}
        _round(sockets, {cell: [] for cell in cells}, 1)  # to warm up
        for number in range(plan.latency_rounds):
            progress(f"publishing: round {number + 1} of {plan.latency_rounds}")
            for of_a_stage in sockets.values():
                of_a_stage.subscribe()
            # There and back, so that what drifts with time favours no cell.
            order = cells if number % 2 else cells[::-1]
            _round(sockets, {cell: samples[cell] for cell in order}, plan.publishes_a_round)
    return dict(samples)


def _round(sockets: Mapping[int, Sockets], samples: _Samples, publishes: int) -> None:
    for rounds in samples.values():
        rounds.append([])
    for _ in range(publishes):
        for (rows, count), rounds in samples.items():
            rounds[-1].append(sockets[rows].milliseconds(count))
