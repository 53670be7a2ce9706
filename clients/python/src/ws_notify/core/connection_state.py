"""The state of one connection of a subscription: what it subscribes to, and when it is dead.

API Gateway runs the frames of a connection concurrently, and an `error` does not say which frame it
answers. So a connection never has two subscribes unanswered.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable

from ws_notify.core.backoff import Backoff
from ws_notify.timeouts import Timeouts
from ws_notify.values import Topic

_MAX_ANSWER_TIMEOUTS = 6
"""While other frames arrive, an answer may take so many timeouts: API Gateway's 29 seconds."""


class ConnectionState:
    """A connection that opens, subscribes to its topics, then repeats that as its keep-alive.

    All times are monotonic: `timeout_at`, when it is dead unless a frame arrives; `handover_at`,
    when its successor is to be opened; `expires_at`, when the service stops serving it.
    """

    def __init__(
        self, number: int, timeouts: Timeouts, random: Callable[[], float], now: float
    ) -> None:
        self.number = number
        self.pending: Topic | None = None
        self.subscribed_at: float | None = None
        self.handover_at = math.inf
        self.expires_at = math.inf
        self.timeout_at = now + timeouts.handshake
        self._timeouts = timeouts
        self._backoff = Backoff(timeouts, random)
        self._topics: deque[Topic] = deque()
        self._subscribe_at = math.inf
        self._answer_deadline = math.inf

    @property
    def due(self) -> float:
        """When something must be done about it, if nothing arrives."""
        return min(self.handover_at, self.expires_at, self.timeout_at, self._subscribe_at)

    def open(self, topics: Iterable[Topic], now: float) -> None:
        """Subscribe to these topics: it is open."""
        self.timeout_at = math.inf
        self._topics = deque(topics)
        self._subscribe_at = now

    def next_subscribe(self, now: float) -> Topic | None:
        """Return the topic to subscribe to now, if any."""
        if now < self._subscribe_at or not self._topics:
            return None
        self.pending = self._topics.popleft()
        self._subscribe_at = math.inf
        self._answer_deadline = now + self._timeouts.answer * _MAX_ANSWER_TIMEOUTS
        self.timeout_at = now + self._timeouts.answer
        return self.pending

    def heard(self, now: float) -> None:
        """Extend the timeout, as a frame arrived: a long replay comes before its answer."""
        if self.pending is not None:
            self.timeout_at = min(now + self._timeouts.answer, self._answer_deadline)

    def answered(self, now: float) -> None:
        """Note that the pending subscribe is answered, or rejected for good."""
        self.pending = None
        self.timeout_at = math.inf
        self._subscribe_at = now if self._topics else math.inf
        self._backoff.reset()
        if not self._topics and self.subscribed_at is None:
            self.subscribed_at = now

    def set_lifetime(self, lifetime: float, margin: float, now: float) -> None:
        """Expire in `lifetime` seconds; hand over `margin` before, or halfway."""
        if math.isinf(self.expires_at):
            self.expires_at = now + lifetime
            self.handover_at = now + max(lifetime - margin, lifetime / 2)

    def retry(self, now: float) -> None:
        """Repeat the pending subscribe after a backoff: it was rejected, but not for good."""
        if self.pending is not None:
            self._topics.appendleft(self.pending)
        self.pending = None
        self.timeout_at = math.inf
        self._subscribe_at = now + self._backoff.wait()

    def keep_alive(self, topics: Iterable[Topic], now: float) -> None:
        """Schedule all topics again, unless a subscribe is due before."""
        if self.pending is None and not self._topics:
            self._topics = deque(topics)
            self._subscribe_at = now + self._timeouts.keep_alive

    def drop(self, topic: Topic) -> None:
        """Do not subscribe to a topic that was rejected for good."""
        self._topics = deque(each for each in self._topics if each.key != topic.key)
        if not self._topics:
            self._subscribe_at = math.inf

    def retire(self) -> None:
        """Send no keep-alives any more: the successor is to be opened."""
        self.handover_at = math.inf
        if self.subscribed_at is not None:
            self._subscribe_at = math.inf
            self._topics.clear()
