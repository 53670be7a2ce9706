"""A model of `@connections`, and of the clients at the other end.

A connection is open until it is closed. A client may vanish before that: API Gateway goes on
taking posts for it, with 200, until it notices. A post may fail with or without having arrived.
Some connections have a token, whose end API Gateway knows nothing of. Of a connection that is open,
API Gateway may say that it is gone: once in its life, for one post, or for all of a moment.
"""

from lambdas.layer.aws.errors import TransportError
from tests.simulation.scheduler import CLOCKS_DIFFER, Scheduler
from tests.simulation.tasks import Invocation

LIFETIME = 2 * 60 * 60 * 1000
"""Milliseconds after which API Gateway closes a connection."""

_ACCEPTED = 200
_STATUS = {1: 500, 2: 429, 3: 403}
_REFUSES = 403
_BAD_REQUEST, _GONE = 400, 410
_LOST = {4, 5}
_ANSWER_LOST = {6, 7}
_SICK = {8, 9, 10}
_LIES = {11: 0, 12: 199}
"""Of the scheduler's troubles. The first lie of a connection lasts for so many milliseconds."""

_SICK_FOR = 6_000

_REFUSED = {403, _BAD_REQUEST}
"""Of the statuses that are no success, those that trying again does not help."""

_CONFIRMED_AFTER = 200
"""Milliseconds between two 410, of which the second is believed."""

_POST_FOR = 3_000
_FIRST_PAUSE = 50
"""Milliseconds. What a post is promised: tried again for so long, after pauses that double."""

_TOKENS_LAST = (4_000, 20_000, 90_000, 30 * 60_000)
"""Milliseconds."""


class Connection:
    """One WebSocket.

    `got`: the texts that reached the client. `token_expires_at_ms`: None without one. `lies_until`:
    API Gateway calls it gone before that; None: it has not yet, wrongly.
    """

    __slots__ = (
        "client",
        "closed",
        "got",
        "id",
        "lies_until",
        "opened_at",
        "sick_until",
        "token_expires_at_ms",
        "vanished",
    )

    def __init__(
        self, id_: str, client: str, opened_at: int, token_expires_at_ms: int | None
    ) -> None:
        self.id = id_
        self.client = client
        self.opened_at = opened_at
        self.token_expires_at_ms = token_expires_at_ms
        self.closed = False
        self.vanished = False
        self.sick_until = 0
        self.lies_until: int | None = None
        self.got: list[str] = []

    def is_open(self, now: int) -> bool:
        """Whether API Gateway still has it."""
        return not self.closed and now < self.opened_at + LIFETIME

    def hears(self, now: int) -> bool:
        """Whether what is sent reaches a client."""
        return not self.vanished and self.is_open(now)

    def is_served(self, now: int) -> bool:
        """Whether it hears, and its token has not ended."""
        return self.hears(now) and (
            self.token_expires_at_ms is None or now < self.token_expires_at_ms
        )


class Watcher:
    """What is told of every post; the judge."""

    def posts(self, connection: Connection, text: str, invocation: Invocation, now: int) -> None:
        """Know that an invocation begins an attempt to post a frame to a connection."""

    def posts_again(self, connection: Connection, text: str) -> None:
        """Know that it does so although its attempt before was accepted, or is not answered."""

    def delivered(self, connection: Connection, text: str) -> None:
        """Know that a frame reached a client."""

    def failed(self, connection: Connection, text: str) -> None:
        """Know that a post to a connection failed, and need not be tried again."""

    def met_gone(self, connection: Connection, invocation: Invocation) -> None:
        """Know that an invocation was told that a connection is gone."""


class _Post:
    """The attempts of one invocation to post one frame to one connection.

    `refused`: none is under way, and none was accepted as far as the invocation knows.
    """

    __slots__ = ("attempts", "called_gone_at", "end", "refused")

    def __init__(self, started: int, token_expires_at_ms: int | None) -> None:
        end = started + _POST_FOR
        self.end = (
            end if token_expires_at_ms is None else min(end, token_expires_at_ms - CLOCKS_DIFFER)
        )
        self.attempts = 0
        self.called_gone_at: int | None = None
        self.refused = True

    def may_end(self, now: int) -> bool:
        """Whether the next attempt might begin too late, so that it need not be made."""
        return now + (_FIRST_PAUSE << self.attempts - 1) >= self.end


class Sockets:
    """The Api that the shipped Sender is given."""

    def __init__(self, scheduler: Scheduler, watcher: Watcher) -> None:
        self._scheduler = scheduler
        self._watcher = watcher
        self.connections: dict[str, Connection] = {}
        self._posts: dict[tuple[Invocation, str, bytes], _Post] = {}

    def open(self, client: str) -> Connection:
        """Connect a client; connection ids are never used twice."""
        now = self._scheduler.now
        lasts = self._scheduler.choices.below(4 * len(_TOKENS_LAST))
        token_expires_at_ms = (
            now + _TOKENS_LAST[lasts - 1] if 0 < lasts <= len(_TOKENS_LAST) else None
        )
        # As long as an id of API Gateway is at least; `c1` could not be one.
        id_ = f"c{len(self.connections) + 1}".ljust(8, "=")
        connection = Connection(id_, client, now, token_expires_at_ms)
        self.connections[connection.id] = connection
        return connection

    def suspended(self, invocation: Invocation) -> None:
        """Know that no post of an invocation that failed before need be tried again.

        When it goes on, the row by which it found the connection may have expired.
        """
        for (of, connection_id, data), post in self._posts.items():
            if of is invocation and post.refused:
                self._watcher.failed(self.connections[connection_id], data.decode())

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:  # noqa: ARG002
        """Return the status, or raise TransportError; see Sender's Api."""
        connection = self.connections[connection_id]
        post = self._attempted(connection, data)
        trouble = self._scheduler.call(f"post to {connection_id}")
        status = self._answered(connection, data.decode(), post, trouble)
        post.refused = status != _ACCEPTED
        if status is None:
            raise TransportError("no answer")
        return status

    def _answered(self, connection: Connection, text: str, post: _Post, trouble: int) -> int | None:
        now = self._scheduler.now
        if not connection.is_open(now):
            return self._gone(connection, post)
        if self._lies(connection, trouble):
            return self._lie(connection, text, post)
        if trouble in _SICK:
            connection.sick_until = now + _SICK_FOR
        if trouble in _LOST or connection.sick_until > now:
            self._note("lost")
            if post.may_end(now):
                self._watcher.failed(connection, text)
            return None
        if trouble in _STATUS:
            status = _STATUS[trouble]
            if status == _REFUSES and self._scheduler.choices.one_in(2):
                status = _BAD_REQUEST
            self._note(str(status))
            if status in _REFUSED or post.may_end(now):
                self._watcher.failed(connection, text)
            return status
        self._deliver(connection, text)
        if trouble in _ANSWER_LOST:
            self._note("the answer is lost")
            return None
        return _ACCEPTED

    def _attempted(self, connection: Connection, data: bytes) -> _Post:
        invocation = self._scheduler.current().invocation
        now, text = self._scheduler.now, data.decode()
        key = invocation, connection.id, data
        post = self._posts.get(key)
        if post is None:
            post = self._posts[key] = _Post(now, connection.token_expires_at_ms)
        if not post.refused:
            self._watcher.posts_again(connection, text)
        self._watcher.posts(connection, text, invocation, now)
        post.attempts += 1
        post.refused = False
        return post

    def _gone(self, connection: Connection, post: _Post) -> int:
        if self._scheduler.choices.one_in(8):
            self._note("400: gone")
            return _BAD_REQUEST
        self._note("410: gone")
        now = self._scheduler.now
        if post.called_gone_at is None:
            post.called_gone_at = now
        elif now - post.called_gone_at >= _CONFIRMED_AFTER:
            self._watcher.met_gone(connection, self._scheduler.current().invocation)
        return _GONE

    def _lies(self, connection: Connection, trouble: int) -> bool:
        now = self._scheduler.now
        if trouble in _LIES and connection.lies_until is None:
            connection.lies_until = now + _LIES[trouble]
            return True
        return now < (connection.lies_until or 0)

    def _lie(self, connection: Connection, text: str, post: _Post) -> int:
        self._note("410: gone, which is a lie")
        now = self._scheduler.now
        if post.called_gone_at is None:
            post.called_gone_at = now
        if now + _CONFIRMED_AFTER >= post.end:
            self._watcher.failed(connection, text)
        return _GONE

    def _deliver(self, connection: Connection, text: str) -> None:
        if connection.hears(self._scheduler.now):
            connection.got.append(text)
            self._watcher.delivered(connection, text)
        else:
            self._note("taken, but the client has vanished")

    def _note(self, text: str) -> None:
        self._scheduler.note(f"    {text}")
