"""What the invariants are about: connections, polls, notifications, violations. Values."""

from dataclasses import dataclass

from tests.simulation.tasks import Invocation

LIFETIME = 2 * 60 * 60 * 1000
"""Milliseconds after which API Gateway closes a connection."""


@dataclass(slots=True, eq=False)
class Connection:
    """One WebSocket, of a client or of one page of it.

    `dropped`: the client has disconnected abruptly, which API Gateway has not noticed.
    `unavailable_until`: posts fail before that. `false_410_until`: posts get 410 before that,
    although it is open; None: it had none yet.
    """

    id: str
    viewer: str
    opened_at: int
    token_expires_at_ms: int | None
    closed: bool = False
    dropped: bool = False
    unavailable_until: int = 0
    false_410_until: int | None = None

    def is_open(self, now: int) -> bool:
        """Whether API Gateway still has it."""
        return not self.closed and now < self.opened_at + LIFETIME

    def receives(self, now: int) -> bool:
        """Whether what is posted reaches the client."""
        return not self.dropped and self.is_open(now)

    def is_served(self, now: int) -> bool:
        """Whether it receives, and its token has not expired."""
        return self.receives(now) and (
            self.token_expires_at_ms is None or now < self.token_expires_at_ms
        )


@dataclass(frozen=True, slots=True)
class PollSent:
    """A poll that a viewer sent; `order`: its place in the order of events."""

    viewer: str
    topic: str
    order: int
    token_expires_at_ms: int


@dataclass(slots=True, eq=False)
class Notification:
    """One that is published: stored, with its place in the order of events.

    `expires_at`: the end of its retention, in milliseconds. `late_by`: the invocation that stored
    it, if that was suspended between taking `sent_at` and the put, or the put was held up for too
    long. `confirmed`: a receipt was returned for it. `id` does not identify it: after the
    retention an id may be used again.
    """

    topic: str
    id: str
    sent_at: str
    message: str
    order: int
    expires_at: int
    late_by: Invocation | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that did not hold, by its name, and how."""

    invariant: str
    text: str
