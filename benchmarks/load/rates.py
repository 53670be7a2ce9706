"""Rates of each window, and how long each frame took. Values only, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """A window of publishes, and what was asked over HTTP meanwhile."""

    window: Window
    asked: Asked


@dataclass(frozen=True, slots=True)
class RateBeside:
    """How many publishes a second beside requests, and relative to those without any.

    `asked`: of the requests, how many a second; `milliseconds` of an answer; `refused` are those
    without a 200.
    """

    publishes: list[float]
    times_alone: Spread
    asked: list[float]
    milliseconds: Percentiles
    refused: int

    @classmethod
    def of(cls, windows: Sequence[Beside], alone: Sequence[Window]) -> Self:
        """Compute it from windows that were taken in turns with those without requests."""
        publishes = [_rate(one.window) for one in windows]
        return cls(
            publishes=publishes,
            times_alone=ratio(publishes, [_rate(window) for window in alone]),
            asked=[
                len(one.asked.seconds) / (one.window.ended - one.window.started) for one in windows
            ],
            milliseconds=percentiles(
                [1000 * one for beside in windows for one in beside.asked.seconds]
            ),
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
