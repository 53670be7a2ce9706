"""What must hold, checked as it happens, from what goes in and comes out alone.

Of polls: `poll_invariants`.

A notification is *published* from the moment at which it is stored in the ledger, whether its
invocation crashes after that or not. A *viewer* drops ids that it has seen: it is a client that
sends `since`, over all its connections and polls, or one connection of a raw client, whose page
starts anew.

**replay**    When a viewer gets `subscribed`, it has every notification of the topic that was
              published before it sent that subscribe and is within the retention, whatever failed,
              crashed or was accepted for a client that had disconnected. Except: one that is older
              than the newest that a replay may hold, and no more than those may come; one
              stored by a process that was suspended after taking its `sent_at`, which may not
              return a receipt for it; and one whose put the network held up for so long that a
              clock that is ahead may be 10 seconds past its `sent_at`.
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

from lambdas.layer.protocol.clock import from_rfc3339
from tests.kit.dynamodb import CONNECTIONS, LEDGER, FakeDynamoDb
from tests.simulation.history import RETENTION_MARGIN, RETENTION_MS, ROUNDED_UP, History
from tests.simulation.records import LIFETIME, Connection, Notification
from tests.simulation.scheduler import CLOCKS_DIFFER
from tests.simulation.tasks import Invocation

_CLOCK_MARGIN = CLOCKS_DIFFER + ROUNDED_UP
"""Milliseconds around an expiry in which a clock may say either."""

_ROW_GRACE = 5 * 60 * 1000
"""Milliseconds by which the rows of a connection outlive it."""

_OVERLAP = 10_000
"""Milliseconds by which a replay, and an answer, reach back behind `since`: protocol.md."""


class Invariants:
    """Observes a run."""

    def __init__(self, history: History, tables: FakeDynamoDb) -> None:
        self.delivered_frames = 0
        self._history = history
        self._violate = history.violate
        self._tables = tables
        self._failed: set[tuple[str, str, str]] = set()
        self._requested: set[tuple[str, str]] = set()
        self._subscribed: dict[tuple[str, str], Connection] = {}
        self._unsubscribed: dict[tuple[str, str], int] = {}

    # -- what clients send

    def subscribe_sent(self, connection: Connection, topic: str) -> int:
        """Return the event's place in the order of all."""
        self._requested.add((connection.id, topic))
        return self._history.event()

    def unsubscribe_sent(self, connection: Connection, topic: str) -> None:
        """Require nothing for this connection and topic from here on."""
        self._subscribed.pop((connection.id, topic), None)
        self._unsubscribed[connection.id, topic] = self._history.event()

    # -- what the service does

    def stored(
        self, topic: str, content: dict[str, Any], text: str, now: int, by: Invocation
    ) -> None:
        """Check a notification and its frame that an invocation has stored."""
        # The retention of a late one begins when its put should have been done.
        begins = now - by.suspended_ms - by.held_up_ms
        too_late = now + CLOCKS_DIFFER - from_rfc3339(content["sent_at"]) >= _OVERLAP
        notification = Notification(
            topic,
            content["id"],
            content["sent_at"],
            content["message"],
            order=self._history.event(),
            expires_at=begins + RETENTION_MS,
            late_by=by if by.suspended_ms or too_late else None,
        )
        if any(
            one.id == notification.id and one.expires_at > now + RETENTION_MARGIN
            for one in self._history.of(topic)
        ):
            self._violate("integrity", f"{notification.id} of {topic} is stored twice")
        self._history.store(notification, text)

    def post_started(
        self, connection: Connection, text: str, invocation: Invocation, now: int, *, again: bool
    ) -> None:
        """Check an attempt; `again`: the one before was accepted, or is not answered."""
        if again:
            self._violate("repeat", f"{connection.id} is posted to again: {text}")
        notification = self._history.by_text(text)
        if notification is None or invocation.put_pending:
            self._violate("stored", f"a post to {connection.id} starts before the put is answered")
        elif invocation.started > notification.expires_at + RETENTION_MARGIN:
            self._violate("expiry", f"{notification.id} is posted after its retention")
        expires_at = connection.opened_at + LIFETIME + _ROW_GRACE
        if connection.token_expires_at_ms is not None:
            expires_at = min(expires_at, connection.token_expires_at_ms)
        if now + invocation.skew > expires_at + ROUNDED_UP:
            self._violate("expiry", f"{connection.id} is posted to after it expired")

    def delivered(self, connection: Connection, text: str) -> None:
        """Check a frame that reached a client."""
        self.delivered_frames += 1
        notification = self._history.by_text(text)
        if notification is None:
            self._violate("integrity", f"{connection.id} got a frame never stored: {text}")
            return
        topic, id_ = notification.topic, notification.id
        if (connection.id, topic) not in self._requested:
            self._violate("isolation", f"{connection.id} got {id_} of {topic}, not subscribed to")
        else:
            self._history.receive(connection.viewer, notification)

    def post_failed(self, connection: Connection, text: str) -> None:
        """Except a post that failed for as long as it had to be retried, or for good."""
        notification = self._history.by_text(text)
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
        most = self._history.max_replayed
        if count > most:
            self._violate("replay", f"{connection.id} got a replay of {count}, {most} at most")

    def subscribed(self, connection: Connection, topic: str, sent: int, now: int) -> None:
        """Check that a client that gets `subscribed` has what it missed; `sent`: its subscribe."""
        active = sent >= self._unsubscribed.get((connection.id, topic), 0)
        for one in self._history.missing(connection.viewer, topic, now):
            if one.late_by is not None or self._history.exceeds_a_replay(one):
                self._failed.add((connection.id, topic, one.id))
                self._history.left_out.add((connection.viewer, one))
            elif one.order < sent:
                missing = _missing(connection, one.id, topic, "it got `subscribed`")
                self._violate("replay", missing)
            elif active and one.confirmed:
                self._require(connection, topic, one.id, "it got `subscribed`", now)
        if active:
            self._subscribed[connection.id, topic] = connection

    def receipt_returned(
        self, topic: str, id_: str, message: str, invocation: Invocation, now: int
    ) -> None:
        """Check that what the receipt names is stored and delivered."""
        named = [one for one in self._history.of(topic) if one.id == id_]
        what = f"a receipt for {id_} of {topic}, which"
        if not named or named[-1].expires_at < invocation.started - RETENTION_MARGIN:
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
            not self._history.has(connection.viewer, topic, id_)
            and (connection.id, topic, id_) not in self._failed
            and connection.is_served(now + _CLOCK_MARGIN)
        ):
            self._violate("live", _missing(connection, id_, topic, when))

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
