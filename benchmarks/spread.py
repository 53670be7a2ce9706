"""Statistics: percentiles, medians with their spread, ratios of pairs. Values only, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How a number of samples are distributed, in their own unit."""

    p50: float
    p90: float
    p99: float
    count: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of a number of samples and the quartiles on its two sides."""

    median: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def percentiles(samples: Sequence[float]) -> Percentiles:
    """Return the percentiles of at least two samples, interpolated between neighbours."""
    cuts = quantiles(samples, n=100, method="inclusive")
    return Percentiles(p50=cuts[49], p90=cuts[89], p99=cuts[98], count=len(samples))


def spread(samples: Sequence[float]) -> Spread:
    """Return the median and the quartiles of at least two samples."""
    low, median, high = quantiles(samples, n=4, method="inclusive")
    return Spread(median=median, low=low, high=high, count=len(samples))


def ratio(over: Sequence[float], under: Sequence[float]) -> Spread:
    """Return the spread of the ratios of samples that were taken in turns, pair by pair."""
    return spread([above / below for above, below in zip(over, under, strict=True)])
