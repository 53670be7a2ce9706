"""Exponential backoff with full jitter, so that clients do not reconnect all at once.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from collections.abc import Callable

from ws_notify.timeouts import Timeouts


class Backoff:
    """The waits between attempts; `random` returns a number from 0 to 1."""

    def __init__(self, timeouts: Timeouts, random: Callable[[], float]) -> None:
        self._timeouts = timeouts
        self._random = random
        self._attempts = 0

    def reset(self) -> None:
        """Start over, after a success."""
        self._attempts = 0

    def wait(self) -> float:
        """Return how long to wait before the next attempt, in seconds, from 0 to the bound."""
        bound = min(self._timeouts.longest_backoff, self._timeouts.backoff * 2.0**self._attempts)
        self._attempts = min(self._attempts + 1, 30)
        return self._random() * bound
