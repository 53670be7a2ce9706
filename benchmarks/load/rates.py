"""Rates of each window, and how long each frame took. Values only, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

from benchmarks.load.pollers import Asked
from benchmarks.load.publishers import Window
from benchmarks.load.subscribers import Arrival
from benchmarks.spread import Percentiles, Spread, percentiles, ratio
from tools import ToolError


@dataclass(frozen=True, slots=True)
class Rate:
    """How many a second in each window, how long each took, and the rate relative to the echo's."""

    per_second: list[float]
    milliseconds: Percentiles
    times_echo: Spread


@dataclass(frozen=True, slots=True)
class Beside:
    """A window of publishes at a pace, and what was asked over HTTP meanwhile, if anything was."""

    window: Window
    asked: Asked


@dataclass(frozen=True, slots=True)
class Pace:
    """How many publishes a second, how long they took, and both relative to publishes alone.

    `asked`: how many requests a second there were meanwhile; `refused` are those without a 200.
    """

    publishes: list[float]
    milliseconds: Percentiles
    times_alone: Spread
    times_as_long: Spread
    asked: list[float]
    asked_milliseconds: Percentiles | None
    refused: int

    @classmethod
    def of(cls, windows: Sequence[Beside], alone: Sequence[Beside]) -> Self:
        """Compute it from windows that were taken in turns with those alone."""
        publishes = [_rate(one.window) for one in windows]
        answered = [1000 * seconds for one in windows for seconds in one.asked.seconds]
        return cls(
            publishes=publishes,
            milliseconds=percentiles([1000 * one for one in _seconds(_windows(windows))]),
            times_alone=ratio(publishes, [_rate(one.window) for one in alone]),
            times_as_long=ratio(_medians(windows), _medians(alone)),
            asked=[_asked_a_second(one) for one in windows],
            asked_milliseconds=percentiles(answered) if answered else None,
            refused=sum(one.asked.refused for one in windows),
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """Echoes to their sender, publishes to their receipt, deliveries from the publish."""

    echoes: Rate
    publishes: Rate
    deliveries: Rate

    @classmethod
    def of(
        cls, echoes: Sequence[Window], publishes: Sequence[Window], arrivals: Sequence[Arrival]
    ) -> Self:
        """Compute them from windows that were taken in turns."""
        delivered = [_delivered(window, arrivals) for window in publishes]
        echoed = [_rate(window) for window in echoes]

        def rate(per_second: list[float], seconds: list[float]) -> Rate:
            milliseconds = percentiles([1000 * one for one in seconds])
            return Rate(per_second, milliseconds, ratio(per_second, echoed))

        return cls(
            echoes=rate(echoed, _seconds(echoes)),
            publishes=rate([_rate(window) for window in publishes], _seconds(publishes)),
            deliveries=rate(
                [per_second for per_second, _ in delivered],
                [one for _, seconds in delivered for one in seconds],
            ),
        )


def _rate(window: Window) -> float:
    return len(window.exchanges) / (window.ended - window.started)


def _seconds(windows: Sequence[Window]) -> list[float]:
    return [one.seconds for window in windows for one in window.exchanges]


def _windows(of: Sequence[Beside]) -> list[Window]:
    return [one.window for one in of]


def _medians(of: Sequence[Beside]) -> list[float]:
    return [median(_seconds([window])) for window in _windows(of)]


def _asked_a_second(of: Beside) -> float:
    return len(of.asked.seconds) / (of.window.ended - of.window.started)


def _delivered(window: Window, arrivals: Sequence[Arrival]) -> tuple[float, list[float]]:
    """Return the deliveries a second of what a window published, and how long each took.

    Of repeated deliveries to a subscriber the first counts. Raises ToolError where there was none.
    """
    sent = {one.frame["message"]: one.sent for one in window.exchanges}
    first: dict[tuple[str, int], float] = {}
    for one in arrivals:
        if one.frame.get("message") in sent:
            first.setdefault((one.frame["message"], one.subscriber), one.at)
    if not first:
        raise ToolError("a window of the load delivered nothing: see the functions' log for errors")
    ended = max(window.ended, *first.values())
    seconds = [at - sent[message] for (message, _), at in first.items()]
    return len(seconds) / (ended - window.started), seconds
