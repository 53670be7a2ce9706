"""How long things may take, in seconds, and how long to wait before the next try."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Every duration that a client knows. The defaults fit API Gateway; tests take shorter ones."""

    keep_alive: float = 300.0
    """Between an answer and the next subscribe: the gateway closes what is idle for 600."""
    answer: float = 5.0
    """A subscribe that is not answered by then means a dead network."""
    handshake: float = 10.0
    """A connection of a subscription that is not open by then is given up."""
    attempt: float = 3.0
    """The same for the first try of a publish, to connect and to answer; doubled each time."""
    backoff: float = 0.5
    longest_backoff: float = 30.0
    """The bounds of the wait before a connection or a refused frame is tried again."""
    handover: float = 60.0
    """So long to twice as long before a connection expires, its successor is opened."""
    ping: float = 20.0
    """Between pings, and until a pong must be there."""
    closing: float = 1.0
    """How long closing may wait for the other side."""


class Backoff:
    """Exponential waits with full jitter, so that thousands do not come back at once."""

    def __init__(self, timing: Timing, random: Callable[[], float]) -> None:
        self._timing = timing
        self._random = random
        self._tries = 0

    def reset(self) -> None:
        """Start over: something went well."""
        self._tries = 0

    def wait(self) -> float:
        """Return how long to wait before the next try, in seconds."""
        bound = min(self._timing.longest_backoff, self._timing.backoff * 2.0**self._tries)
        self._tries = min(self._tries + 1, 30)
        return self._random() * bound
