"""Publishing: one notification at a time, over a link that is kept for the next."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ws_notify.core import frames
from ws_notify.core.events import Action, Close, Event, Lost, Open, Opened, Received, Send
from ws_notify.core.handshakes import Handshakes
from ws_notify.exceptions import ConnectionLostError, DeadlineError, RefusedError, WsNotifyError
from ws_notify.timing import Backoff, Timing
from ws_notify.values import Receipt

_TOO_LARGE = 1009
_LONGEST_LINK = 2 * 60 * 60.0


@dataclass(slots=True)
class _Job:
    """What is being published, and until when."""

    id: str
    text: str
    seconds: float
    deadline: float
    backoff: Backoff
    attempt: float
    last: WsNotifyError | None = None


class Publisher:
    """`publish` begins, `outcome` ends: a receipt, or the error to be raised."""

    def __init__(self, timing: Timing, random: Callable[[], float], *, renewable: bool) -> None:
        self.outcome: Receipt | WsNotifyError | None = None
        self._timing = timing
        self._random = random
        self._handshakes = Handshakes(renewable=renewable)
        self._actions: list[Action] = []
        self._job: _Job | None = None
        self._links = 0
        self._link: int | None = None
        self._opened = False
        self._asked = False
        self._kept = False
        self._stale_at = math.inf
        self._silent_at = math.inf
        self._retry_at = math.inf

    def publish(self, fields: Mapping[str, Any], seconds: float, now: float) -> None:
        """Begin to publish; `fields` hold an `id`. Raises ValueError, TypeError as frames do."""
        text = frames.publish(fields)
        backoff = Backoff(self._timing, self._random)
        attempt = self._timing.attempt
        self._job = _Job(fields["id"], text, seconds, now + seconds, backoff, attempt)
        self.outcome = None
        self._handshakes.opened()
        if self._link is not None and self._stale_at <= now:
            self._close()
        self._kept = self._link is not None
        self._retry_at = now

    def abandon(self) -> None:
        """Forget what is being published; its late answer must not meet the next."""
        self._end(None)

    @property
    def due(self) -> float:
        """When `tick` must be called at the latest."""
        deadline = self._job.deadline if self._job else math.inf
        return min(deadline, self._silent_at, self._retry_at)

    def take_actions(self) -> list[Action]:
        """Return what is to be done, once."""
        actions, self._actions = self._actions, []
        return actions

    def handle(self, event: Event) -> None:
        """Take in what happened on a link."""
        if event.link != self._link:
            return
        if isinstance(event, Opened):
            self._opened = True
            lasts = _LONGEST_LINK if event.ends_in is None else event.ends_in
            # Before its token ends: what is said later is forbidden, and that would be final.
            self._stale_at = event.at + max(lasts - self._timing.handover, lasts / 2)
            self._silent_at = math.inf
            self._send(event.at)
        elif isinstance(event, Lost):
            self._forget_link()
            self._failed(event.error, event.at)
        elif self._job and self._asked:
            self._receive(event, self._job)

    def tick(self, now: float) -> None:
        """Do what is due by now."""
        if self._job and self._job.deadline <= now:
            self._end(DeadlineError(self._job.id, self._job.seconds, self._job.last))
        elif self._silent_at <= now:
            what = "No receipt came" if self._asked else "The connection did not open"
            self._close(broken=True)
            if self._job:
                self._job.attempt *= 2  # many subscribers take the service up to 14 seconds
            self._failed(ConnectionLostError(f"{what} in time"), now)
        elif self._retry_at <= now:
            self._retry_at = math.inf
            if self._link is None:
                self._open(now)
            else:
                self._send(now)

    def _open(self, now: float) -> None:
        self._links += 1
        self._link = self._links
        self._actions.append(Open(self._link))
        self._wait(now)

    def _send(self, now: float) -> None:
        if self._job and self._link and not self._asked:
            self._asked = True
            self._actions.append(Send(self._link, self._job.text))
            self._wait(now)

    def _wait(self, now: float) -> None:
        if self._job:
            self._silent_at = now + self._job.attempt

    def _receive(self, event: Received, job: _Job) -> None:
        frame = frames.read(event.data)
        if isinstance(frame, Receipt) and frame.id == job.id:
            self._asked = False
            self._silent_at = math.inf
            self._end(frame)
        elif isinstance(frame, RefusedError):
            self._asked = False
            self._silent_at = math.inf
            if frame.code == "forbidden" and self._kept:
                # Its token may have ended while this machine slept; a new link has a new one.
                self._close()
                job.last, self._retry_at = frame, event.at
            else:
                self._failed(frame, event.at)

    def _failed(self, error: WsNotifyError, now: float) -> None:
        job = self._job
        if job is None:
            return
        if isinstance(error, ConnectionLostError) and error.close_code == _TOO_LARGE:
            error = RefusedError("The notification is too large", code="too_large")
        if self._handshakes.is_final(error):
            self._end(error)
            return
        job.last = error
        self._retry_at = now + job.backoff.wait()

    def _end(self, outcome: Receipt | WsNotifyError | None) -> None:
        self.outcome, self._job = outcome, None
        self._retry_at = math.inf
        if self._link is not None and (self._asked or not self._opened):
            self._close(broken=True)

    def _close(self, *, broken: bool = False) -> None:
        if self._link is not None:
            self._actions.append(Close(self._link, broken))
        self._forget_link()

    def _forget_link(self) -> None:
        self._link, self._opened, self._asked, self._kept = None, False, False, False
        self._silent_at = self._stale_at = math.inf
