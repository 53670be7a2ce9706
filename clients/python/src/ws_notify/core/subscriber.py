"""A subscription: keeps one connection subscribed to its topics until it is closed.

At most two connections at a time: the active one, and its successor before it expires. The active
one is closed only when the successor is subscribed; what both deliver is returned once.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable

from ws_notify.core import frames
from ws_notify.core.backoff import Backoff
from ws_notify.core.connection_state import ConnectionState
from ws_notify.core.deduplicator import Deduplicator
from ws_notify.core.events import Action, Close, Event, Lost, Open, Opened, Received, Send
from ws_notify.core.handshake_policy import HandshakePolicy
from ws_notify.core.last_word import LastWord
from ws_notify.core.reachability import Reachability
from ws_notify.exceptions import ConnectionLostError, RefusedError, TokenError, WsNotifyError
from ws_notify.timeouts import Timeouts
from ws_notify.values import Notification, State, Topic

Result = Notification | WsNotifyError


class Subscriber:
    """Its results are new notifications, and errors that are for the caller.

    A topic that is rejected for good is an error once, and not subscribed to again. A connection
    that is rejected for good is an error and ends the subscription: `finished`.
    """

    def __init__(  # noqa: PLR0913 - what a caller may choose
        self,
        topics: Iterable[Topic],
        timeouts: Timeouts,
        random: Callable[[], float],
        *,
        renewable: bool,
        every: bool = False,
        since: str | None = None,
    ) -> None:
        self.results: deque[Result] = deque()
        self.finished = False
        self._reachability = Reachability()
        self._last_word = LastWord(every=every)
        self._topics = {topic.key: topic for topic in topics}
        self._since: dict[tuple[str, str], str | None] = dict.fromkeys(self._topics, since)
        self._deduplicator = Deduplicator()
        self._timeouts = timeouts
        self._random = random
        self._backoff = Backoff(timeouts, random)
        self._handshake_policy = HandshakePolicy(renewable=renewable)
        self._actions: list[Action] = []
        self._active: ConnectionState | None = None
        self._successor: ConnectionState | None = None
        self._last_number = 0
        self._ever_opened = False
        self._open_at = -math.inf
        self._final_error: WsNotifyError | None = None

    @property
    def ready(self) -> bool:
        """Whether every topic is subscribed to right now."""
        return self._active is not None and self._active.subscribed_at is not None

    @property
    def state(self) -> State:
        """`unreachable` after three connections in a row that were never subscribed."""
        if self.finished:
            return "closed"
        if self.ready:
            return "subscribed"
        return "unreachable" if self._reachability.lost else "connecting"

    @property
    def failed(self) -> bool:
        """Whether there is an error among the results."""
        return any(isinstance(result, WsNotifyError) for result in self.results)

    def raise_failure(self) -> None:
        """Raise the first error among the results, if any, before its turn."""
        for result in self.results:
            if isinstance(result, WsNotifyError):
                self.results.remove(result)
                raise result

    @property
    def due(self) -> float:
        """When `tick` must be called at the latest."""
        if self.finished:
            return math.inf
        connections = (connection.due for connection in self._connections())
        return min([self._open_at, self._last_word.due, *connections])

    def take_actions(self) -> list[Action]:
        """Return the actions since the last call."""
        actions, self._actions = self._actions, []
        return actions

    def handle(self, event: Event) -> None:
        """Process an event of a connection."""
        if isinstance(event, Received):
            self._receive(event)
        elif connection := self._by_number(event.connection):
            if isinstance(event, Opened):
                self._ever_opened = True
                self._handshake_policy.opened()
                connection.open(self._topics.values(), event.at)
            else:
                self._lost(connection, event)

    def tick(self, now: float) -> None:
        """Do what is due by now."""
        self.results += self._last_word.expire(now)
        for connection in self._connections():
            if connection.timeout_at <= now:
                self._abandon(connection, now, "The connection fell silent", broken=True)
            elif connection.expires_at <= now:
                self._abandon(connection, now, "The connection expired")
        if self._active and self._active.handover_at <= now:
            self._active.retire()
            self._open_at = now
        if self._open_at <= now and not self.finished:
            self._open(now)
        for connection in self._connections():
            if topic := connection.next_subscribe(now):
                text = frames.subscribe(topic, self._since.get(topic.key))
                self._actions.append(Send(connection.number, text))
                self._last_word.subscribe(topic.key, connection.number)

    def _connections(self) -> list[ConnectionState]:
        return [connection for connection in (self._active, self._successor) if connection]

    def _by_number(self, number: int) -> ConnectionState | None:
        return next(
            (connection for connection in self._connections() if connection.number == number), None
        )

    def _open(self, now: float) -> None:
        self._last_number += 1
        self._open_at = math.inf
        connection = ConnectionState(self._last_number, self._timeouts, self._random, now)
        if self._active is None:
            self._active = connection
        else:
            self._successor = connection
        self._actions.append(Open(connection.number))

    def _receive(self, event: Received) -> None:
        frame, connection = frames.read(event.data), self._by_number(event.connection)
        if isinstance(frame, Notification):  # from a connection that was just replaced, too
            self._deliver(frame, event.at)
        if connection is None:
            return
        connection.heard(event.at)
        if connection.pending is None:
            return
        if isinstance(frame, frames.Subscribed) and frame.topic.key == connection.pending.key:
            self._since[frame.topic.key] = frame.now
            margin = self._timeouts.handover * (1 + self._random())
            connection.set_lifetime(frame.lifetime, margin, event.at)
            self._release(connection)
            self._answered(connection, event.at)
        elif isinstance(frame, RefusedError) and frame.retryable:
            self._release(connection)
            connection.retry(event.at)
        elif isinstance(frame, RefusedError):
            subscribed = connection.subscribed_at is not None
            if frame.code == "forbidden" and (subscribed or frame.field == "exp"):
                # It was allowed before: the token expired while this machine slept, or during the
                # replay of what was missed.
                self._abandon(connection, event.at, "The token expired")
                return
            self._release(connection)
            self._reject(connection.pending, frame)
            self._answered(connection, event.at)

    def _deliver(self, notification: Notification, now: float) -> None:
        if notification.topic.key in self._topics and self._deduplicator.is_new(notification):
            self.results += self._last_word.receive(notification, now)

    def _release(self, connection: ConnectionState) -> None:
        if connection.pending is not None:
            self.results += self._last_word.answer(connection.pending.key, connection.number)

    def _reject(self, topic: Topic, error: RefusedError) -> None:
        for connection in self._connections():
            connection.drop(topic)
        if self._topics.pop(topic.key, None):
            self.results.append(error)

    def _answered(self, connection: ConnectionState, at: float) -> None:
        connection.answered(at)
        if not self._topics:
            self._finish()
        elif connection.subscribed_at is not None:
            self._reachability.subscribed()
            if connection is self._successor and self._active:
                self._actions.append(Close(self._active.number))
                self._active, self._successor = connection, None
            if connection is self._active and self._successor is None:
                connection.keep_alive(self._topics.values(), at)

    def _abandon(
        self, connection: ConnectionState, now: float, reason: str, *, broken: bool = False
    ) -> None:
        self._actions.append(Close(connection.number, broken))
        self._lost(connection, Lost(connection.number, now, ConnectionLostError(reason)))

    def _lost(self, connection: ConnectionState, event: Lost) -> None:
        self.results += self._last_word.lose(connection.number)
        subscribed_at = connection.subscribed_at
        if subscribed_at is not None and event.at - subscribed_at >= self._timeouts.answer:
            self._backoff.reset()
        replaced = connection is self._active and self._successor is not None
        if connection is self._active:
            self._active = self._successor
        self._successor = None
        if subscribed_at is None and not self.ready:
            self._reachability.failed(event.error)
        if self._is_final(event.error):
            self._final_error = event.error
        if self._final_error is None:
            if not replaced and math.isinf(self._open_at):
                self._open_at = event.at + self._backoff.wait()
        elif self._active is None:  # as long as it lives, the active one goes on
            self.results.append(self._final_error)
            self._finish()

    def _is_final(self, error: WsNotifyError) -> bool:
        # A token function that never worked is wrong; one that fails later may lack the network.
        never_worked = isinstance(error, TokenError) and not self._ever_opened
        return never_worked or self._handshake_policy.is_final(error)

    def _finish(self) -> None:
        self._actions += [Close(connection.number) for connection in self._connections()]
        self._active = self._successor = None
        self.finished = True
