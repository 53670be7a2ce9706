"""Figures of many durations, in seconds: percentiles and a histogram of text. Values only."""

import bisect
from collections.abc import Sequence

_EDGES = tuple(n * 10.0**e for e in range(-4, 2) for n in (1, 2, 3, 5, 7))
_WIDTH = 40


def percentile(durations: Sequence[float], percent: float) -> float:
    """Return the smallest that `percent` of them do not exceed. Raises IndexError for none."""
    ordered = sorted(durations)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def summary(durations: Sequence[float]) -> dict[str, float]:
    """Return p50, p90, p99 and max; nothing for none."""
    if not durations:
        return {}
    found = {f"p{percent}": percentile(durations, percent) for percent in (50, 90, 99)}
    return {**found, "max": max(durations)}


def buckets(durations: Sequence[float]) -> list[tuple[float, int]]:
    """Return where each bucket begins, and how many are in it, without empty ones at the ends."""
    counts = [0] * (len(_EDGES) + 1)
    for each in durations:
        counts[bisect.bisect_right(_EDGES, each)] += 1
    filled = [at for at, count in enumerate(counts) if count]
    if not filled:
        return []
    starts = (0.0, *_EDGES)
    return [(starts[at], counts[at]) for at in range(filled[0], filled[-1] + 1)]


def bars(durations: Sequence[float], bar: str) -> list[str]:
    """Return a line a bucket: where it begins, a bar, how many."""
    found = buckets(durations)
    most = max((count for _, count in found), default=1)
    return [
        f"{start * 1000:>7g} ms  {bar * -(-count * _WIDTH // most):<{_WIDTH}}  {count}"
        for start, count in found
    ]
