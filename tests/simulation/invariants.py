"""What must hold, checked as it happens, from what goes in and comes out alone.

A notification is *published* from the moment at which it is stored in the ledger, whether its
invocation crashes after that or not. A *viewer* drops ids that it has seen: it is a client that
sends `since`, over all its connections, or one connection of a raw client, whose page starts anew.

**replay**    When a viewer gets `subscribed`, it has every notification of the topic that was
              published before it sent that subscribe and is within the retention, whatever failed,
              crashed or was accepted for a client that had disconnected. Except: one that is older
              than the newest that a replay may hold, and no more than those may come; and one
              stored by a process that was suspended after taking its `sent_at`, which may not
              return a receipt for it.
**live**      When a receipt is returned, each connection that got `subscribed` before, has not
              unsubscribed and receives has the notification; one that gets `subscribed` after the
              receipt has it then. Except: a connection to which a post of it failed, by the model's
              choice, for as long as it had to be retried, or for good; one whose token has expired.
              A publish without a receipt requires nothing: its retry or the next subscribe does.
**integrity** Every frame that arrives is, byte for byte, a stored notification, and an id has one
              at a time: so a viewer has each exactly once. A receipt is for what its publisher
              sent, and for a notification within its retention.
**stored**    No post of a notification starts before it is stored, nor, by its publisher, before
              the put was answered: done, or the id exists.
**repeat**    No invocation posts a frame to a connection again unless its attempt before failed.
**isolation** No connection gets a frame of a merchant and ref to which it did not subscribe.
**expiry**    No post starts, by the poster's clock, after the connection's token has expired, or
              after API Gateway has closed it and its rows have expired, deleted or not; and what
              starts after a notification's retention does not post it.
**pruned**    At the end of a publish or subscribe that was told that a connection is gone, that
              connection's rows of the topic are deleted, unless written after that. Except: where
              the model failed one of its calls to DynamoDB. Told means twice, with the pause after
              which the second is believed.
**kept**      No row is deleted of a connection that is open and has not unsubscribed.
"""

from typing import Any

from tests.kit.dynamodb import CONNECTIONS, LEDGER, RETENTION, FakeDynamoDb
from tests.simulation.records import LIFETIME, Connection, Notification, Violation
from tests.simulation.scheduler import CALL_TAKES_AT_MOST, CLOCKS_DIFFER
from tests.simulation.tasks import Invocation

_ROUNDED_UP = 1_000
"""Milliseconds: DynamoDB's `expires_at` is in whole seconds."""

_CLOCK_MARGIN = CLOCKS_DIFFER + _ROUNDED_UP
"""Milliseconds around an expiry in which a clock may say either."""

_ROW_GRACE = 5 * 60 * 1000
"""Milliseconds by which the rows of a connection outlive it."""

_RETENTION_MARGIN = 2 * CLOCKS_DIFFER + CALL_TAKES_AT_MOST + _ROUNDED_UP
"""Milliseconds around the end of the retention in which a notification may count or not: the
clocks of writer and reader, the duration of the put, and whole seconds."""


class Invariants:
    """Observes a run; `violation` is the first that it saw."""

    def __init__(self, max_replayed: int, tables: FakeDynamoDb) -> None:
        self.violation: Violation | None = None
        self.delivered_frames = 0
        self.published = 0
        self._max_replayed = max_replayed
        self._tables = tables
        self._events = 0
        self._notifications: dict[str, list[Notification]] = {}
        self._by_text: dict[str, Notification] = {}
        self._received: dict[tuple[str, str], set[str]] = {}
        self._failed: set[tuple[str, str, str]] = set()
        self._requested: set[tuple[str, str]] = set()
        self._subscribed: dict[tuple[str, str], Connection] = {}
        self._unsubscribed: dict[tuple[str, str], int] = {}

    def _event(self) -> int:
        """Return the place of an event in the order of all."""
        self._events += 1
        return self._events

    def _violate(self, invariant: str, text: str) -> None:
        self.violation = self.violation or Violation(invariant, text)

    # -- what clients send

    def subscribe_sent(self, connection: Connection, topic: str) -> int:
        """Return the event's place in the order of all."""
        self._requested.add((connection.id, topic))
        return self._event()

    def unsubscribe_sent(self, connection: Connection, topic: str) -> None:
        """Require nothing for this connection and topic from here on."""
        self._subscribed.pop((connection.id, topic), None)
        self._unsubscribed[connection.id, topic] = self._event()

    # -- what the service does

    def stored(
        self, topic: str, content: dict[str, Any], text: str, now: int, by: Invocation
    ) -> None:
        """Check a notification and its frame that an invocation has stored."""
        # The retention of a late one begins when its put should have been done.
        begins = now - by.suspended_ms
        notification = Notification(
            topic,
            content["id"],
            content["sent_at"],
            content["message"],
            order=self._event(),
            expires_at=begins + RETENTION * 1000,
            late_by=by if by.suspended_ms else None,
        )
        others = self._notifications.setdefault(topic, [])
        if any(
            one.id == notification.id and one.expires_at > now + _RETENTION_MARGIN for one in others
        ):
            self._violate("integrity", f"{notification.id} of {topic} is stored twice")
        others.append(notification)
        self._by_text[text] = notification
        self.published += 1

    def post_started(
        self, connection: Connection, text: str, invocation: Invocation, now: int, *, again: bool
    ) -> None:
        """Check an attempt; `again`: the one before was accepted, or is not answered."""
        if again:
            self._violate("repeat", f"{connection.id} is posted to again: {text}")
        notification = self._by_text.get(text)
        if notification is None or invocation.put_pending:
            self._violate("stored", f"a post to {connection.id} starts before the put is answered")
        elif invocation.started > notification.expires_at + _RETENTION_MARGIN:
            self._violate("expiry", f"{notification.id} is posted after its retention")
        expires_at = connection.opened_at + LIFETIME + _ROW_GRACE
        if connection.token_expires_at_ms is not None:
            expires_at = min(expires_at, connection.token_expires_at_ms)
        if now + invocation.skew > expires_at + _ROUNDED_UP:
            self._violate("expiry", f"{connection.id} is posted to after it expired")

    def delivered(self, connection: Connection, text: str) -> None:
        """Check a frame that reached a client."""
        self.delivered_frames += 1
        notification = self._by_text.get(text)
        if notification is None:
            self._violate("integrity", f"{connection.id} got a frame never stored: {text}")
            return
        topic, id_ = notification.topic, notification.id
        if (connection.id, topic) not in self._requested:
            self._violate("isolation", f"{connection.id} got {id_} of {topic}, not subscribed to")
        else:
            self._received.setdefault((connection.viewer, topic), set()).add(id_)

    def post_failed(self, connection: Connection, text: str) -> None:
        """Except a post that failed for as long as it had to be retried, or for good."""
        notification = self._by_text.get(text)
        if notification is not None:
            self._failed.add((connection.id, notification.topic, notification.id))

    def gone_confirmed(self, connection: Connection, invocation: Invocation) -> None:
        """Require the rows so far of a connection to be pruned by an invocation's end."""
        invocation.gone.append((connection, self._tables.writes))

    def subscription_deleted(self, connection: Connection, topic: str, now: int) -> None:
        """Check the deletion of a row."""
        if connection.is_open(now) and (connection.id, topic) not in self._unsubscribed:
            self._violate("kept", f"{connection.id} is open, its row of {topic} is deleted")

    # -- what the service replies

    def replayed(self, connection: Connection, count: int) -> None:
        """Check how many notifications a replay held."""
        if count > self._max_replayed:
            most = self._max_replayed
            self._violate("replay", f"{connection.id} got a replay of {count}, {most} at most")

    def subscribed(self, connection: Connection, topic: str, sent: int, now: int) -> None:
        """Check that a client that gets `subscribed` has what it missed; `sent`: its subscribe."""
        active = sent >= self._unsubscribed.get((connection.id, topic), 0)
        received = self._received.get((connection.viewer, topic), set())
        for one in self._notifications.get(topic, ()):
            if one.id in received or one.expires_at <= now + _RETENTION_MARGIN:
                continue
            if one.late_by is not None or self._exceeds_a_replay(one):
                self._failed.add((connection.id, topic, one.id))
            elif one.order < sent:
                self._violate("replay", _missing(connection, one.id, topic, "it got `subscribed`"))
            elif active and one.confirmed:
                self._require(connection, topic, one.id, "it got `subscribed`", now)
        if active:
            self._subscribed[connection.id, topic] = connection

    def receipt_returned(
        self, topic: str, id_: str, message: str, invocation: Invocation, now: int
    ) -> None:
        """Check that what the receipt names is stored and delivered."""
        named = [one for one in self._notifications.get(topic, ()) if one.id == id_]
        what = f"a receipt for {id_} of {topic}, which"
        if not named or named[-1].expires_at < invocation.started - _RETENTION_MARGIN:
            self._violate("integrity", f"{what} is not stored any more")
        elif named[-1].message != message:
            self._violate("integrity", f"{what} has other content")
        elif named[-1].late_by is invocation:
            self._violate("replay", f"{what} was stored too late")
        else:
            named[-1].confirmed = True
        for (_, subscribed_to), connection in self._subscribed.items():
            if subscribed_to == topic and connection.receives(now):
                self._require(connection, topic, id_, "the publisher got its receipt", now)

    def _require(self, connection: Connection, topic: str, id_: str, when: str, now: int) -> None:
        if (
            id_ not in self._received.get((connection.viewer, topic), ())
            and (connection.id, topic, id_) not in self._failed
            and connection.is_served(now + _CLOCK_MARGIN)
        ):
            self._violate("live", _missing(connection, id_, topic, when))

    def _exceeds_a_replay(self, notification: Notification) -> bool:
        """Whether a replay may omit it, because it holds as many newer ones."""
        others = self._notifications[notification.topic]
        if len(others) <= self._max_replayed:
            return False
        this = notification.sent_at, notification.id
        return sum(this < (one.sent_at, one.id) for one in others) >= self._max_replayed

    def invocation_ended(self, topic: str, invocation: Invocation) -> None:
        """Check that the connections of which it was told that they are gone are pruned."""
        if invocation.faulted:
            return
        for connection, writes in invocation.gone:
            rows = (
                (CONNECTIONS, (connection.id, topic)),
                (LEDGER, (topic, f"subscription#{connection.id}")),
            )
            for table, key in rows:
                row = self._tables.last(table, key)
                if row is not None and row.item is not None and row.number <= writes:
                    self._violate("pruned", f"{connection.id} is gone, its row in {table} is not")


def _missing(connection: Connection, id_: str, topic: str, when: str) -> str:
    return f"{connection.id} has not got {id_} of {topic} when {when}"
