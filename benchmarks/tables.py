"""The tables of the benchmark. No I/O."""

from collections.abc import Sequence

from benchmarks.figures import FLOOR, PREPARED, Figures
from benchmarks.plan import MOST
from benchmarks.spread import Percentiles
from benchmarks.targets import Target, in_words
from tools.table import Table


def tables(figures: Figures, targets: Sequence[Target]) -> list[Table]:
    """Return all of them, the judgement first."""
    return [
        Table(
            "Targets: median of the pairs' ratios (quartiles)",
            ("what", "target", "measured", "met"),
            [(one.name, one.target, one.measured, "yes" if one.met else "NO") for one in targets],
        ),
        Table(
            "From the publish to the last delivery, ms",
            ("subscribers", "other rows", *_PERCENTILES, "times the floor"),
            [
                (
                    _OTHERS.get(one.subscribers, str(one.subscribers)),
                    f"{one.rows:,}",
                    *_cells(one.milliseconds),
                    str(one.times_floor),
                )
                for one in figures.latencies
            ],
        ),
        Table(
            "Fan-out where a post takes 10 ms, ms",
            ("by", "connections", *_PERCENTILES, "times one post"),
            [
                (one.by, str(one.connections), *_cells(one.milliseconds), str(one.times_one_post))
                for one in figures.fan_outs
            ],
        ),
        Table(
            "From the request of a poll to its answer, ms",
            ("of", *_PERCENTILES, "times the floor"),
            [
                (one.asking, *_cells(one.milliseconds), str(one.times_floor))
                for one in figures.polls
            ],
        ),
        Table(
            "AWS calls and consumed capacity of each operation",
            ("operation", "read units", "write units", "calls"),
            [
                (one.name, f"{one.read_units:g}", f"{one.write_units:g}", in_words(one.steps))
                for one in figures.operations
            ],
        ),
        Table(
            "A ref that holds notifications of 1 KB, in process",
            ("held", "asked by", "brought", "pages", "read units", "ms", "of them CPU"),
            [
                (
                    f"{one.notifications:,}, {one.megabytes} MB",
                    one.asking,
                    str(one.brought),
                    str(one.pages),
                    f"{one.read_units:,}",
                    f"{one.milliseconds:.0f}",
                    f"{one.cpu_milliseconds:.0f}",
                )
                for one in figures.retained
            ],
        ),
        Table(
            f"Import time beyond bare Python {figures.starts[0].python}, ms",
            ("what", "compiled", *_PERCENTILES, "times the control"),
            [
                (
                    one.name,
                    "yes" if one.compiled else "no",
                    *_cells(one.milliseconds),
                    str(one.times_control),
                )
                for one in figures.starts
            ],
        ),
    ]


_OTHERS = {FLOOR: "none: the floor", PREPARED: f"{MOST}: its requests, prepared"}
_PERCENTILES = ("p50", "p90", "p99")


def _cells(values: Percentiles) -> tuple[str, ...]:
    return f"{values.p50:.1f}", f"{values.p90:.1f}", f"{values.p99:.1f}"
