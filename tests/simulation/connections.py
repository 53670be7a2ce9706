"""A model of `@connections`.

A connection is open until it is closed. After an abrupt disconnect API Gateway accepts posts, with
200, until it notices. A post may fail with or without having arrived. API Gateway does not know
when tokens expire. It may answer a false 410 for an open connection: once in its life, for one post
or for less than 200 ms.
"""

from lambdas.layer.aws.errors import TransportError
from tests.simulation.invariants import Invariants
from tests.simulation.records import Connection
from tests.simulation.scheduler import CLOCKS_DIFFER, Scheduler
from tests.simulation.tasks import Invocation

_OK, _BAD_REQUEST, _FORBIDDEN, _GONE = 200, 400, 403, 410

_STATUS = {1: 500, 2: 429, 3: _FORBIDDEN}
_LOST = {4, 5}
_RESPONSE_LOST = {6, 7}
_UNAVAILABLE = {8, 9, 10}
_FALSE_410 = {11: 0, 12: 199}
"""By the scheduler's faults; the last: for how many milliseconds."""

_UNAVAILABLE_FOR = 6_000
"""Milliseconds."""

_NOT_RETRYABLE = {_BAD_REQUEST, _FORBIDDEN}

_CONFIRMED_AFTER = 200
"""Milliseconds between two 410, of which the second is believed."""

_POST_BUDGET = 3_000
_FIRST_PAUSE = 50
"""Milliseconds that the service promises: a post is retried for so long, with pauses that double
from this one."""

_TOKEN_LIFETIMES = (4_000, 20_000, 90_000, 30 * 60_000)
"""Milliseconds."""


class _Post:
    """The attempts of one invocation to post one frame to one connection.

    `rejected`: no attempt is under way, and none was accepted as far as the invocation knows.
    """

    __slots__ = ("attempts", "deadline", "first_410_at", "rejected")

    def __init__(self, started: int, token_expires_at_ms: int | None) -> None:
        deadline = started + _POST_BUDGET
        if token_expires_at_ms is not None:
            deadline = min(deadline, token_expires_at_ms - CLOCKS_DIFFER)
        self.deadline = deadline
        self.attempts = 0
        self.first_410_at: int | None = None
        self.rejected = True

    def may_end(self, now: int) -> bool:
        """Whether the next attempt might begin too late, so that it need not be made."""
        return now + (_FIRST_PAUSE << self.attempts - 1) >= self.deadline


class UnreliableConnections:
    """The client of `@connections` that the shipped Sender is given."""

    def __init__(self, scheduler: Scheduler, invariants: Invariants) -> None:
        self._scheduler = scheduler
        self._invariants = invariants
        self._connections: dict[str, Connection] = {}
        self._posts: dict[tuple[Invocation, str, bytes], _Post] = {}

    def __getitem__(self, connection_id: str) -> Connection:
        return self._connections[connection_id]

    def open(self, viewer: str) -> Connection:
        """Open a connection; ids are never used twice."""
        now = self._scheduler.now
        choice = self._scheduler.choices.below(4 * len(_TOKEN_LIFETIMES))
        expires = 0 < choice <= len(_TOKEN_LIFETIMES)
        token_expires_at_ms = now + _TOKEN_LIFETIMES[choice - 1] if expires else None
        # At least as long as an id of API Gateway: the service believes a 400 for a shorter one.
        id_ = f"c{len(self._connections) + 1}".ljust(8, "=")
        connection = Connection(id_, viewer, now, token_expires_at_ms)
        self._connections[id_] = connection
        return connection

    def suspended(self, invocation: Invocation) -> None:
        """Count each failed post of a suspended invocation as failed for good.

        When it goes on, the row by which it found the connection may have expired.
        """
        for (of, connection_id, data), post in self._posts.items():
            if of is invocation and post.rejected:
                self._invariants.post_failed(self._connections[connection_id], data.decode())

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:  # noqa: ARG002 - as ConnectionsClient
        """Return the HTTP status, or raise TransportError."""
        connection = self._connections[connection_id]
        text = data.decode()
        post = self._begin(connection, data, text)
        fault = self._scheduler.call(f"post to {connection_id}")
        status = self._respond(connection, text, post, fault)
        post.rejected = status != _OK
        if status is None:
            raise TransportError("no response")
        return status

    def _begin(self, connection: Connection, data: bytes, text: str) -> _Post:
        invocation = self._scheduler.current().invocation
        now = self._scheduler.now
        key = invocation, connection.id, data
        post = self._posts.get(key)
        if post is None:
            post = self._posts[key] = _Post(now, connection.token_expires_at_ms)
        self._invariants.post_started(connection, text, invocation, now, again=not post.rejected)
        post.attempts += 1
        post.rejected = False
        return post

    def _respond(self, connection: Connection, text: str, post: _Post, fault: int) -> int | None:
        now = self._scheduler.now
        if not connection.is_open(now):
            return self._gone(connection, post)
        if self._has_false_410(connection, fault):
            return self._false_410(connection, text, post)
        if fault in _UNAVAILABLE:
            connection.unavailable_until = now + _UNAVAILABLE_FOR
        if fault in _LOST or connection.unavailable_until > now:
            self._note("lost")
            if post.may_end(now):
                self._invariants.post_failed(connection, text)
            return None
        if fault in _STATUS:
            status = _STATUS[fault]
            if status == _FORBIDDEN and self._scheduler.choices.one_in(2):
                status = _BAD_REQUEST
            self._note(str(status))
            if status in _NOT_RETRYABLE or post.may_end(now):
                self._invariants.post_failed(connection, text)
            return status
        self._deliver(connection, text)
        if fault in _RESPONSE_LOST:
            self._note("the response is lost")
            return None
        return _OK

    def _gone(self, connection: Connection, post: _Post) -> int:
        if self._scheduler.choices.one_in(8):
            self._note("400: gone")
            return _BAD_REQUEST
        self._note("410: gone")
        now = self._scheduler.now
        if post.first_410_at is None:
            post.first_410_at = now
        elif now - post.first_410_at >= _CONFIRMED_AFTER:
            self._invariants.gone_confirmed(connection, self._scheduler.current().invocation)
        return _GONE

    def _has_false_410(self, connection: Connection, fault: int) -> bool:
        now = self._scheduler.now
        if fault in _FALSE_410 and connection.false_410_until is None:
            connection.false_410_until = now + _FALSE_410[fault]
            return True
        return now < (connection.false_410_until or 0)

    def _false_410(self, connection: Connection, text: str, post: _Post) -> int:
        self._note("410, although it is open")
        now = self._scheduler.now
        if post.first_410_at is None:
            post.first_410_at = now
        if now + _CONFIRMED_AFTER >= post.deadline:
            self._invariants.post_failed(connection, text)
        return _GONE

    def _deliver(self, connection: Connection, text: str) -> None:
        if connection.receives(self._scheduler.now):
            self._invariants.delivered(connection, text)
        else:
            self._note("accepted, but the client has disconnected")

    def _note(self, text: str) -> None:
        self._scheduler.note(f"    {text}")
