"""The durations of a client, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Every duration of a client. The defaults fit API Gateway; tests take shorter ones."""

    keep_alive: float = 300.0
    """Between an answer and the next subscribe: the gateway closes what is idle for 600."""
    answer: float = 5.0
    """A connection whose subscribe is not answered by then is closed as dead."""
    handshake: float = 10.0
    """A connection of a subscription that is not open by then is closed."""
    attempt: float = 3.0
    """The same for the first attempt of a publish, to connect and to answer; doubled each time."""
    backoff: float = 0.5
    longest_backoff: float = 30.0
    """The bounds of the wait before a connection or a rejected frame is tried again."""
    handover: float = 60.0
    """The successor of a connection is opened once to twice as long before its expiry."""
    ping: float = 20.0
    """Between pings, and until a pong must have arrived."""
    closing: float = 1.0
    """How long closing may wait for the other side."""
