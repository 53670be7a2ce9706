"""What was published in a run, who has received it, and the first violation."""

from collections.abc import Iterator

from tests.kit.dynamodb import RETENTION
from tests.simulation.records import Notification, Violation
from tests.simulation.scheduler import CALL_TAKES_AT_MOST, CLOCKS_DIFFER

ROUNDED_UP = 1_000
"""Milliseconds: DynamoDB's `expires_at` is in whole seconds."""

RETENTION_MARGIN = 2 * CLOCKS_DIFFER + CALL_TAKES_AT_MOST + ROUNDED_UP
"""Milliseconds around the end of the retention in which a notification may count or not: the
clocks of writer and reader, the duration of the put, and whole seconds."""

RETENTION_MS = RETENTION * 1000


class History:
    """Shared by the invariants of both transports; `violation` is the first that they saw.

    `left_out`: the notifications that a viewer need not have, since a replay, or an answer that
    said so, held as many newer ones.
    """

    def __init__(self, max_replayed: int) -> None:
        self.violation: Violation | None = None
        self.max_replayed = max_replayed
        self.published = 0
        self.left_out: set[tuple[str, Notification]] = set()
        self._events = 0
        self._notifications: dict[str, list[Notification]] = {}
        self._by_text: dict[str, Notification] = {}
        self._received: dict[tuple[str, str], set[str]] = {}

    def event(self) -> int:
        """Return the place of an event in the order of all."""
        self._events += 1
        return self._events

    def violate(self, invariant: str, text: str) -> None:
        """Keep a violation, if it is the first."""
        self.violation = self.violation or Violation(invariant, text)

    def store(self, notification: Notification, text: str) -> None:
        """Add a notification, and its frame."""
        self._notifications.setdefault(notification.topic, []).append(notification)
        self._by_text[text] = notification
        self.published += 1

    def of(self, topic: str) -> list[Notification]:
        """Return the notifications of a topic in the order in which they were stored."""
        return self._notifications.get(topic, [])

    def by_text(self, text: str) -> Notification | None:
        """Return the notification whose frame this is."""
        return self._by_text.get(text)

    def receive(self, viewer: str, notification: Notification) -> None:
        """Add that a viewer has a notification."""
        self._received.setdefault((viewer, notification.topic), set()).add(notification.id)

    def has(self, viewer: str, topic: str, id_: str) -> bool:
        """Whether a viewer has the notification with this id."""
        return id_ in self._received.get((viewer, topic), ())

    def missing(self, viewer: str, topic: str, now: int) -> Iterator[Notification]:
        """Yield the notifications of a topic within the retention that a viewer has not."""
        received = self._received.get((viewer, topic), set())
        for one in self.of(topic):
            if one.id not in received and one.expires_at > now + RETENTION_MARGIN:
                yield one

    def exceeds_a_replay(self, notification: Notification) -> bool:
        """Whether a replay may omit it, because it holds as many newer ones."""
        others = self._notifications[notification.topic]
        if len(others) <= self.max_replayed:
            return False
        this = notification.sent_at, notification.id
        return sum(this < (one.sent_at, one.id) for one in others) >= self.max_replayed
