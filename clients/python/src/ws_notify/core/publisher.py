"""Publishing: one notification at a time, over a connection that is kept for the next."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ws_notify.core import frames
from ws_notify.core.backoff import Backoff
from ws_notify.core.events import Action, Close, Event, Lost, Open, Opened, Received, Send
from ws_notify.core.handshake_policy import HandshakePolicy
from ws_notify.exceptions import ConnectionLostError, DeadlineError, RefusedError, WsNotifyError
from ws_notify.timeouts import Timeouts
from ws_notify.values import Receipt

_TOO_LARGE = 1009
_MAX_CONNECTION_LIFETIME = 2 * 60 * 60.0


@dataclass(slots=True)
class _Job:
    """The notification that is being published, and its deadline."""

    id: str
    text: str
    seconds: float
    deadline: float
    backoff: Backoff
    attempt_timeout: float
    last_error: WsNotifyError | None = None


class Publisher:
    """`publish` begins, `outcome` ends: a receipt, or the error to be raised."""

    def __init__(self, timeouts: Timeouts, random: Callable[[], float], *, renewable: bool) -> None:
        self.outcome: Receipt | WsNotifyError | None = None
        self._timeouts = timeouts
        self._random = random
        self._handshake_policy = HandshakePolicy(renewable=renewable)
        self._actions: list[Action] = []
        self._job: _Job | None = None
        self._last_number = 0
        self._connection: int | None = None
        self._opened = False
        self._in_flight = False
        self._reused = False
        self._expires_at = math.inf
        self._timeout_at = math.inf
        self._retry_at = math.inf

    def publish(self, fields: Mapping[str, Any], seconds: float, now: float) -> None:
        """Begin to publish; `fields` hold an `id`. Raises ValueError, TypeError as frames do."""
        text = frames.publish(fields)
        backoff = Backoff(self._timeouts, self._random)
        attempt = self._timeouts.attempt
        self._job = _Job(fields["id"], text, seconds, now + seconds, backoff, attempt)
        self.outcome = None
        self._handshake_policy.opened()
        if self._connection is not None and self._expires_at <= now:
            self._close()
        self._reused = self._connection is not None
        self._retry_at = now

    def abandon(self) -> None:
        """Stop publishing; a late answer must not be taken for that of the next publish."""
        self._finish(None)

    @property
    def due(self) -> float:
        """When `tick` must be called at the latest."""
        deadline = self._job.deadline if self._job else math.inf
        return min(deadline, self._timeout_at, self._retry_at)

    def take_actions(self) -> list[Action]:
        """Return the actions since the last call."""
        actions, self._actions = self._actions, []
        return actions

    def handle(self, event: Event) -> None:
        """Process an event of a connection."""
        if event.connection != self._connection:
            return
        if isinstance(event, Opened):
            self._opened = True
            lifetime = event.token_expires_in
            if lifetime is None:
                lifetime = _MAX_CONNECTION_LIFETIME
            # Before its token expires: a later publish is forbidden, and that would be final.
            self._expires_at = event.at + max(lifetime - self._timeouts.handover, lifetime / 2)
            self._timeout_at = math.inf
            self._send(event.at)
        elif isinstance(event, Lost):
            self._discard_connection()
            self._retry_or_finish(event.error, event.at)
        elif self._job and self._in_flight:
            self._receive(event, self._job)

    def tick(self, now: float) -> None:
        """Do what is due by now."""
        if self._job and self._job.deadline <= now:
            job = self._job
            self._finish(DeadlineError(job.id, job.seconds, job.last_error))
        elif self._timeout_at <= now:
            what = "No receipt arrived" if self._in_flight else "The connection did not open"
            self._close(broken=True)
            if self._job:
                self._job.attempt_timeout *= 2  # many subscribers take the service up to 14 seconds
            self._retry_or_finish(ConnectionLostError(f"{what} in time"), now)
        elif self._retry_at <= now:
            self._retry_at = math.inf
            if self._connection is None:
                self._open(now)
            else:
                self._send(now)

    def _open(self, now: float) -> None:
        self._last_number += 1
        self._connection = self._last_number
        self._actions.append(Open(self._connection))
        self._start_timeout(now)

    def _send(self, now: float) -> None:
        if self._job and self._connection and not self._in_flight:
            self._in_flight = True
            self._actions.append(Send(self._connection, self._job.text))
            self._start_timeout(now)

    def _start_timeout(self, now: float) -> None:
        if self._job:
            self._timeout_at = now + self._job.attempt_timeout

    def _receive(self, event: Received, job: _Job) -> None:
        frame = frames.read(event.data)
        if isinstance(frame, Receipt) and frame.id == job.id:
            self._in_flight = False
            self._timeout_at = math.inf
            self._finish(frame)
        elif isinstance(frame, RefusedError):
            self._in_flight = False
            self._timeout_at = math.inf
            if frame.code == "forbidden" and self._reused:
                # Its token may have expired while this machine slept; a new connection has another.
                self._close()
                job.last_error, self._retry_at = frame, event.at
            else:
                self._retry_or_finish(frame, event.at)

    def _retry_or_finish(self, error: WsNotifyError, now: float) -> None:
        job = self._job
        if job is None:
            return
        if isinstance(error, ConnectionLostError) and error.close_code == _TOO_LARGE:
            error = RefusedError("The notification is too large", code="too_large")
        if self._handshake_policy.is_final(error):
            self._finish(error)
            return
        job.last_error = error
        self._retry_at = now + job.backoff.wait()

    def _finish(self, outcome: Receipt | WsNotifyError | None) -> None:
        self.outcome, self._job = outcome, None
        self._retry_at = math.inf
        if self._connection is not None and (self._in_flight or not self._opened):
            self._close(broken=True)

    def _close(self, *, broken: bool = False) -> None:
        if self._connection is not None:
            self._actions.append(Close(self._connection, broken))
        self._discard_connection()

    def _discard_connection(self) -> None:
        self._connection = None
        self._opened = self._in_flight = self._reused = False
        self._timeout_at = self._expires_at = math.inf
