"""The targets, as ratios within one run, and whether they are met. Values only, no I/O."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import operations, polls
from benchmarks.figures import Figures
from benchmarks.plan import MOST
from benchmarks.spread import Spread


@dataclass(frozen=True, slots=True)
class Target:
    """A target, and whether it is met."""

    name: str
    target: str
    measured: str
    met: bool


def judge(figures: Figures) -> list[Target]:
    """Compare the figures with every target."""
    return [
        _latency(figures, 1, 2.2),
        _latency(figures, 10, 4.5),
        _at_most(
            f"publish to {MOST} subscribers", figures.times_prepared, 1.25, "times its requests"
        ),
        *_rows(figures),
        _poll(figures),
        _fan_out(figures),
        _calls(figures),
        _start(figures, "default", 0.5),
        _start(figures, "disconnect", 0.5),
        _start(figures, "authorizer", 0.6),
        _start(figures, "connect", 0.25),
        _imports(figures),
    ]


def same(ratio: Spread) -> bool:
    """Tell whether a ratio is 1 within its spread, or better."""
    return ratio.low <= 1


def _at_most(name: str, ratio: Spread, limit: float, unit: str) -> Target:
    return Target(name, f"at most {limit:g} {unit}", f"{ratio}", ratio.median <= limit)


def _latency(figures: Figures, subscribers: int, limit: float) -> Target:
    cell = next(
        one
        for one in figures.latencies
        if (one.rows, one.subscribers) == (figures.plan.few_rows, subscribers)
    )
    name = f"publish to {_counted(subscribers)}"
    return _at_most(name, cell.times_floor, limit, "times the floor")


def _rows(figures: Figures) -> Iterator[Target]:
    many, few = figures.plan.many_rows, figures.plan.few_rows
    for effect in figures.rows_effects:
        yield Target(
            f"{many:,} other rows, {_counted(effect.subscribers)}",
            f"as with {few}, within the spread",
            f"{effect.ratio}",
            same(effect.ratio),
        )


def _poll(figures: Figures) -> Target:
    nothing = next(one for one in figures.polls if one.asking == polls.NOTHING)
    return _at_most(f"poll of {polls.NOTHING}", nothing.times_floor, 1.5, "times the floor")


def _fan_out(figures: Figures) -> Target:
    shipped = figures.fan_outs[0].by
    many = next(one for one in figures.fan_outs if one.by == shipped and one.connections > 1)
    name = f"{many.connections} posts that take 10 ms each"
    return _at_most(name, many.times_one_post, 6, "times one post")


def _calls(figures: Figures) -> Target:
    publish = next(one for one in figures.operations if one.name == operations.PUBLISH)
    return Target(
        "calls of one publish to 1 subscriber",
        in_words(operations.PUBLISH_STEPS),
        "the same" if publish.steps == operations.PUBLISH_STEPS else in_words(publish.steps),
        publish.steps == operations.PUBLISH_STEPS,
    )


def _start(figures: Figures, function: str, limit: float) -> Target:
    start = next(one for one in figures.starts if one.name == function and one.compiled)
    return _at_most(f"importing {function}", start.times_control, limit, "times the control")


def _imports(figures: Figures) -> Target:
    unused = {one.name: one.unused for one in figures.starts if one.compiled}
    found = "; ".join(f"{name}: {', '.join(names)}" for name, names in unused.items() if names)
    return Target("imports that a function has no use for", "none", found or "none", not found)


def in_words(steps: list[list[str]]) -> str:
    """Write the steps of an operation in one line."""
    return ", then ".join(" beside ".join(calls) for calls in steps) or "none"


def _counted(subscribers: int) -> str:
    return "1 subscriber" if subscribers == 1 else f"{subscribers} subscribers"
