"""What a run measured, as values: what becomes JSON, tables and the chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.plan import MOST, SUBSCRIBERS, Plan
from benchmarks.spread import Percentiles, Spread, percentiles, ratio
from tools.machine import Machine

FLOOR = 0
"""The number of subscribers that stands for the floor: the echo, which has none."""

PREPARED = -1
"""The same for the prepared requests of a publish to MOST subscribers, and no function."""

Cell = tuple[int, int]
"""Other rows in each table, and subscribers."""

Rounds = Sequence[Sequence[float]]
"""Samples in milliseconds, round by round."""


@dataclass(frozen=True, slots=True)
class Latency:
    """From the publish to the last delivery, in milliseconds; and as a multiple of the floor."""

    rows: int
    subscribers: int
    milliseconds: Percentiles
    times_floor: Spread


@dataclass(frozen=True, slots=True)
class RowsEffect:
    """The latency with many other rows as a multiple of that with few."""

    subscribers: int
    ratio: Spread


@dataclass(frozen=True, slots=True)
class FanOut:
    """A fan-out to a number of connections where each post takes 10 ms."""

    by: str
    connections: int
    milliseconds: Percentiles
    times_one_post: Spread


@dataclass(frozen=True, slots=True)
class Operation:
    """What one operation asks of AWS; calls in one step run side by side."""

    name: str
    steps: list[list[str]]
    read_units: float
    write_units: float


@dataclass(frozen=True, slots=True)
class PollLatency:
    """From the request of a poll to its answer, in milliseconds; and as a multiple of the floor."""

    asking: str
    milliseconds: Percentiles
    times_floor: Spread


@dataclass(frozen=True, slots=True)
class Retained:
    """What `asking` for a ref costs that holds notifications of 1 KB, all within the retention.

    `milliseconds` are of all of it, in process, with posts that take no time; of them
    `cpu_milliseconds` are its own processor time, and the rest is the local AWS's.
    """

    asking: str
    megabytes: int
    notifications: int
    brought: int
    pages: int
    read_units: int
    milliseconds: float
    cpu_milliseconds: float


@dataclass(frozen=True, slots=True)
class Start:
    """What importing a function's handler takes beyond the bare interpreter, in milliseconds.

    `compiled`: whether its code and packages are; the control's always is. `python`: which version.
    """

    name: str
    compiled: bool
    python: str
    milliseconds: Percentiles
    times_control: Spread
    unused: list[str]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of one run.

    `times_prepared`: a publish to MOST subscribers as a multiple of its requests, prepared.
    """

    machine: Machine
    plan: Plan
    latencies: list[Latency]
    rows_effects: list[RowsEffect]
    times_prepared: Spread
    fan_outs: list[FanOut]
    polls: list[PollLatency]
    operations: list[Operation]
    retained: list[Retained]
    starts: list[Start]


def latencies(samples: Mapping[Cell, Rounds]) -> list[Latency]:
    """Summarise the samples of each cell; its floor is the one beside as many other rows."""
    return [
        Latency(
            rows=rows,
            subscribers=subscribers,
            milliseconds=percentiles([one for rounds in cell for one in rounds]),
            times_floor=ratio(_medians(cell), _medians(samples[rows, FLOOR])),
        )
        for (rows, subscribers), cell in samples.items()
    ]


def rows_effects(samples: Mapping[Cell, Rounds], plan: Plan) -> list[RowsEffect]:
    """Compare many other rows with few, round by round."""
    return [
        RowsEffect(
            subscribers=count,
            ratio=ratio(
                _medians(samples[plan.many_rows, count]), _medians(samples[plan.few_rows, count])
            ),
        )
        for count in SUBSCRIBERS
    ]


def times_prepared(samples: Mapping[Cell, Rounds], plan: Plan) -> Spread:
    """Compare a publish to MOST subscribers with its prepared requests, round by round."""
    return ratio(_medians(samples[plan.few_rows, MOST]), _medians(samples[plan.few_rows, PREPARED]))


def poll_latencies(samples: Mapping[str, Rounds]) -> list[PollLatency]:
    """Summarise the samples of each poll; the first ones are those of the floor."""
    floor = next(iter(samples.values()))
    return [
        PollLatency(
            asking=asking,
            milliseconds=percentiles([one for samples in rounds for one in samples]),
            times_floor=ratio(_medians(rounds), _medians(floor)),
        )
        for asking, rounds in samples.items()
    ]


def _medians(rounds: Rounds) -> list[float]:
    return [median(samples) for samples in rounds]
