"""What must hold, checked as it happens. Knows what went in and came out, not the steps between.

*Published* is a notification from the moment at which its `said` line is written: one whose
invocation died before that is not, one whose invocation died after it is.

*Viewer* is who drops ids that it has seen: a client that sends `since`, over all its connections;
of a raw client each connection, because the page behind it starts anew.

**late**   When a viewer is told `subscribed`, it has every notification of the topic that was
           published before it sent that subscribe and is within the retention; whatever failed,
           died, or was taken by API Gateway for a client that had vanished. Not counted: one
           that is older than the newest that a replay may hold, and no more than those may come;
           one that was stored by a process that was suspended after it had taken its `sent_at`:
           that process may not confirm it.
**live**   When a publish is answered with a receipt, every connection has the notification that
           has been told `subscribed` before, has not unsubscribed, is open and has not vanished;
           when it is told `subscribed` after the receipt, it has it then. Not counted: a
           connection to which a post of it failed, by the model's choice, as often as it had to
           be tried, or was refused; one whose token has ended. A publish without any receipt owes
           nothing live: its retry, or the next subscribe does.
**once**   Every frame that arrives is, byte for byte, a line that was stored; an id has one line at
           a time. So after dropping seen ids a viewer has each notification exactly once. A
           receipt is for what its publisher said, and for a line within its retention.
**stored** No attempt to post a frame begins before it is stored, nor, by who publishes it, before
           its put is answered: done, or found to be there.
**again**  No one posts a frame to a connection again but where the attempt before was not accepted.
**theirs** No connection gets a frame of a merchant and ref that it did not ask for.
**ended**  After the end of a connection's token, or after API Gateway has closed it and its rows
           have expired, deleted or not, no attempt to post to it begins, by the clock of who
           posts; and what begins after the end of a line's retention does not post that line.
**pruned** When a publish, or a subscribe, that was told that a connection is gone has come to its
           end, that connection's rows of the topic are gone, but for those written after it was
           told. Not counted: one for which the model let a call to DynamoDB fail. Told: twice, as
           long apart as it takes for the second to be believed.
**kept**   No row is deleted of a connection that is open and has not unsubscribed.
"""

from typing import Any

from tests.kit.dynamodb import CONNECTIONS, LEDGER, RETENTION, FakeDynamoDb
from tests.simulation.connections import LIFETIME, Connection, Watcher
from tests.simulation.notifications import Line, Violation
from tests.simulation.scheduler import CALL_TAKES_AT_MOST, CLOCKS_DIFFER
from tests.simulation.tasks import Invocation

_WHOLE_SECONDS = 1_000
"""Milliseconds: DynamoDB's `expires_at` is rounded up."""

_CLOCKS = CLOCKS_DIFFER + _WHOLE_SECONDS
"""Milliseconds around an end in which a clock may say that it has passed, or not."""

_ROWS_OUTLIVE = 5 * 60 * 1000
"""Milliseconds that the rows of a connection outlive it by."""

_MARGIN = 2 * CLOCKS_DIFFER + CALL_TAKES_AT_MOST + _WHOLE_SECONDS
"""Milliseconds around the end of the retention in which a line may count or not: the clocks of who
wrote and who reads, the write that took its time, and whole seconds."""


class Judge(Watcher):
    """Watches a run; `violation` is the first that it saw.

    `most`: as many lines a replay may hold.
    """

    def __init__(self, most: int) -> None:
        self.violation: Violation | None = None
        self.delivered_frames = 0
        self._most = most
        self.tables: FakeDynamoDb
        self._lines: dict[str, list[Line]] = {}
        self._by_text: dict[str, Line] = {}
        self._got: dict[tuple[str, str], set[str]] = {}
        self._failed: set[tuple[str, str, str]] = set()
        self._asked: set[tuple[str, str]] = set()
        self._standing: dict[tuple[str, str], Connection] = {}
        self._unsubscribed: dict[tuple[str, str], int] = {}
        self.published = 0
        self._moments = 0

    def _moment(self) -> int:
        """Return a number for now: greater than that of everything before."""
        self._moments += 1
        return self._moments

    def _say(self, kind: str, text: str) -> None:
        self.violation = self.violation or Violation(kind, text)

    # -- what goes in

    def asks(self, connection: Connection, topic: str) -> int:
        """Know that a client sends a subscribe; return the moment."""
        self._asked.add((connection.id, topic))
        return self._moment()

    def unsubscribes(self, connection: Connection, topic: str) -> None:
        """Know that a client sends an unsubscribe: nothing is owed from here on."""
        self._standing.pop((connection.id, topic), None)
        self._unsubscribed[connection.id, topic] = self._moment()

    # -- what happens

    def said(
        self, topic: str, content: dict[str, Any], text: str, now: int, by: Invocation | None = None
    ) -> None:
        """Know that a line was stored: a notification, its text, and by whom."""
        late_by = by if by is not None and by.suspended else None
        # The retention of one that comes late began when its put should have been done.
        begins = now - late_by.suspended if late_by is not None else now
        id_, until, at = content["id"], begins + RETENTION * 1000, self._moment()
        line = Line(topic, id_, content["sent_at"], content["message"], at, until, late_by)
        lines = self._lines.setdefault(topic, [])
        if any(one.id == id_ and one.until > now + _MARGIN for one in lines):
            self._say("once", f"{id_} of {topic} is stored twice")
        lines.append(line)
        self._by_text[text] = line
        self.published += 1

    def posts(self, connection: Connection, text: str, invocation: Invocation, now: int) -> None:
        """Judge that an attempt to post begins."""
        line = self._by_text.get(text)
        if line is None or invocation.putting:
            self._say("stored", f"{connection.id} is posted to before it is known to be stored")
        elif invocation.started > line.until + _MARGIN:
            self._say("ended", f"{line.id} is posted after its retention")
        end = connection.opened_at + LIFETIME + _ROWS_OUTLIVE
        if connection.token_expires_at_ms is not None:
            end = min(end, connection.token_expires_at_ms)
        if now + invocation.skew > end + _WHOLE_SECONDS:
            self._say("ended", f"{connection.id} is posted to after its end")

    def posts_again(self, connection: Connection, text: str) -> None:
        """Judge that an attempt follows one that was accepted, or is not answered."""
        self._say("again", f"{connection.id} is posted to again: {text}")

    def delivered(self, connection: Connection, text: str) -> None:
        """Judge a frame that reached a client."""
        self.delivered_frames += 1
        line = self._by_text.get(text)
        if line is None:
            self._say("once", f"{connection.id} got a frame that was never stored: {text}")
        elif (connection.id, line.topic) not in self._asked:
            self._say("theirs", f"{connection.id} got {line.id} of {line.topic}, never asked for")
        else:
            self._got.setdefault((connection.client, line.topic), set()).add(line.id)

    def failed(self, connection: Connection, text: str) -> None:
        """Know that a post failed as often as it had to be tried."""
        line = self._by_text.get(text)
        if line is not None:
            self._failed.add((connection.id, line.topic, line.id))

    def met_gone(self, connection: Connection, invocation: Invocation) -> None:
        """Know who was told what, and the number of the last write before."""
        invocation.notes.append((connection, self.tables.writes))

    def deleted(self, connection: Connection, topic: str, now: int) -> None:
        """Judge that an invocation deletes a row of a subscription."""
        if connection.is_open(now) and (connection.id, topic) not in self._unsubscribed:
            self._say("kept", f"{connection.id} is open, its row of {topic} is deleted")

    # -- what comes out

    def replayed(self, connection: Connection, count: int) -> None:
        """Judge how many lines a replay held."""
        if count > self._most:
            self._say("late", f"{connection.id} was replayed {count}, not {self._most} at most")

    def subscribed(self, connection: Connection, topic: str, started: int, now: int) -> None:
        """Judge that a client that sent a subscribe is now told that it stands."""
        stands = started >= self._unsubscribed.get((connection.id, topic), 0)
        got = self._got.get((connection.client, topic), set())
        for line in self._lines.get(topic, ()):
            if line.id in got or line.until <= now + _MARGIN:
                continue
            if line.late_by is not None or self._older_than_the_newest(line):
                self._failed.add((connection.id, topic, line.id))
            elif line.at < started:
                self._say("late", _missed(connection, line, "it was told `subscribed`"))
            elif stands and line.confirmed:
                self._owe(connection, topic, line.id, "it was told `subscribed`", now)
        if stands:
            self._standing[connection.id, topic] = connection

    def receipt(self, topic: str, id_: str, message: str, invocation: Invocation, now: int) -> None:
        """Judge that a publish was done."""
        lines = [line for line in self._lines.get(topic, ()) if line.id == id_]
        if not lines or lines[-1].until < invocation.started - _MARGIN:
            self._say("once", f"a receipt for {id_} of {topic}, which is not stored any more")
        elif lines[-1].message != message:
            self._say("once", f"a receipt for {id_} of {topic}, which says something else")
        elif lines[-1].late_by is invocation:
            self._say("late", f"a receipt for {id_} of {topic}, which was stored too late")
        else:
            lines[-1].confirmed = True
        for (_, waits_for), connection in self._standing.items():
            if waits_for == topic and connection.hears(now):
                self._owe(connection, topic, id_, "the publisher got its receipt", now)

    def _owe(self, connection: Connection, topic: str, id_: str, when: str, now: int) -> None:
        has = id_ in self._got.get((connection.client, topic), ())
        if (
            not has
            and (connection.id, topic, id_) not in self._failed
            and connection.is_served(now + _CLOCKS)
        ):
            self._say("live", f"{connection.id} has not got {id_} of {topic} when {when}")

    def _older_than_the_newest(self, line: Line) -> bool:
        """Whether a replay may leave a line out, because it holds as many newer ones."""
        lines = self._lines[line.topic]
        if len(lines) <= self._most:
            return False
        this = line.sent_at, line.id
        return sum(this < (one.sent_at, one.id) for one in lines) >= self._most

    def ended(self, topic: str, invocation: Invocation) -> None:
        """Judge that what was told of dead connections has come to its end."""
        if invocation.faulted:
            return
        for connection, writes in invocation.notes:
            rows = (
                (CONNECTIONS, (connection.id, topic)),
                (LEDGER, (topic, f"subscription#{connection.id}")),
            )
            for table, key in rows:
                row = self.tables.last(table, key)
                if row is not None and row.item is not None and row.number <= writes:
                    self._say("pruned", f"{connection.id} is gone, its row in {table} is not")


def _missed(connection: Connection, line: Line, when: str) -> str:
    return f"{connection.id} has not got {line.id} of {line.topic} when {when}"
