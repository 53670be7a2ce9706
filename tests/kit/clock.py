"""Clocks that stand still until they are moved, and pauses that are as long as they may be."""

import threading


class FakeClock:
    """A clock of the wall that stands still until it is moved; starts at 2026-11-23 09:30 UTC."""

    def __init__(self) -> None:
        self.now = 1_795_426_200_000

    def __call__(self) -> int:
        return self.now

    def advance(self, *, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * 1000)


class FakeTime:
    """Stands in for the module `time`: sleeping takes no time but moves the clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Return the seconds on a clock that starts anywhere."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Pass the time at once. Raises ValueError for a negative time, as the real one does."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._now += seconds


class LongestPauses:
    """Stands in for the module `random`: every pause is as long as it may be."""

    @staticmethod
    def uniform(low: float, high: float) -> float:
        """Return the upper end."""
        assert low == 0, "full jitter begins at 0"
        return high
