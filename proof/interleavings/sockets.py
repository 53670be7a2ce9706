"""A model of `@connections`, and of the clients at the other end.

A connection is open until it is closed. A client may vanish before that: API Gateway goes on
taking posts for it, with 200, until it notices. A post may fail with or without having arrived.
"""

from typing import Any

from lambdas.layer.http1 import NoAnswerError
from proof.interleavings.scheduler import Scheduler

LIFETIME = 2 * 60 * 60 * 1000
"""Milliseconds after which API Gateway closes a connection."""

_STATUS = {1: 500, 2: 429, 3: 403}
_LOST = {4, 5}
_ANSWER_LOST = {6, 7}
_SICK = {8, 9, 10}
"""Of the scheduler's troubles."""

_SICK_FOR = 6_000


class Connection:
    """One WebSocket. `got`: the texts that reached the client."""

    __slots__ = ("client", "closed", "got", "id", "opened_at", "sick_until", "vanished")

    def __init__(self, id_: str, client: str, opened_at: int) -> None:
        self.id = id_
        self.client = client
        self.opened_at = opened_at
        self.closed = False
        self.vanished = False
        self.sick_until = 0
        self.got: list[str] = []

    def is_open(self, now: int) -> bool:
        """Whether API Gateway still has it."""
        return not self.closed and now < self.opened_at + LIFETIME

    def hears(self, now: int) -> bool:
        """Whether what is sent reaches a client."""
        return not self.vanished and self.is_open(now)


class Watcher:
    """What is told of every post; the judge."""

    def delivered(self, connection: Connection, text: str) -> None:
        """Know that a frame reached a client."""

    def failed(self, connection: Connection, text: str) -> None:
        """Know that an attempt to post to a connection failed."""

    def met_gone(self, connection: Connection, invocation: Any) -> None:
        """Know that an invocation was told that a connection is gone."""


class Sockets:
    """The Api that the shipped Sender is given."""

    def __init__(self, scheduler: Scheduler, watcher: Watcher) -> None:
        self._scheduler = scheduler
        self._watcher = watcher
        self.connections: dict[str, Connection] = {}

    def open(self, client: str) -> Connection:
        """Connect a client; connection ids are never used twice."""
        connection = Connection(f"c{len(self.connections) + 1}", client, self._scheduler.now)
        self.connections[connection.id] = connection
        return connection

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:  # noqa: ARG002
        """Return the status, or raise NoAnswerError; see Sender's Api."""
        trouble = self._scheduler.call(f"post to {connection_id}")
        connection = self.connections[connection_id]
        text = data.decode()
        if not connection.is_open(self._scheduler.now):
            return self._gone(connection)
        if trouble in _SICK:
            connection.sick_until = self._scheduler.now + _SICK_FOR
        if trouble in _LOST or connection.sick_until > self._scheduler.now:
            self._note("lost")
            self._watcher.failed(connection, text)
            raise NoAnswerError("no answer")
        if trouble in _STATUS:
            self._note(str(_STATUS[trouble]))
            self._watcher.failed(connection, text)
            return _STATUS[trouble]
        self._deliver(connection, text)
        if trouble in _ANSWER_LOST:
            self._note("the answer is lost")
            raise NoAnswerError("no answer")
        return 200

    def _gone(self, connection: Connection) -> int:
        status = 400 if self._scheduler.choices.one_in(8) else 410
        self._note(f"{status}: gone")
        self._watcher.met_gone(connection, self._scheduler.current().invocation)
        return status

    def _deliver(self, connection: Connection, text: str) -> None:
        if connection.hears(self._scheduler.now):
            connection.got.append(text)
            self._watcher.delivered(connection, text)
        else:
            self._note("taken, but the client has vanished")

    def _note(self, text: str) -> None:
        self._scheduler.note(f"    {text}")
