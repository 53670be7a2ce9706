"""One link of a subscription: what it asks, one question at a time, and when it is dead.

API Gateway runs the frames of a connection side by side, and an `error` does not say which one it
answers. So a link never has two questions open.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable

from ws_notify.timing import Backoff, Timing
from ws_notify.values import Topic

_PATIENCE = 6
"""While other frames come, an answer may take so many times as long: API Gateway's 29 seconds."""


class Link:
    """A link that is being opened, asks for its topics, then repeats that as its keep-alive."""

    def __init__(
        self, number: int, timing: Timing, random: Callable[[], float], now: float
    ) -> None:
        self.number = number
        self.subscribed_at: float | None = None
        self.asked: Topic | None = None
        self.leaves_at = math.inf
        """When its successor is to be opened."""
        self.ends_at = math.inf
        """When the service stops serving it."""
        self.silent_at = now + timing.handshake
        """When it is dead unless something comes first."""
        self._timing = timing
        self._backoff = Backoff(timing, random)
        self._topics: deque[Topic] = deque()
        self._ask_at = math.inf
        self._give_up_at = math.inf

    @property
    def due(self) -> float:
        """When there is something to be done about it, if nothing comes."""
        return min(self.leaves_at, self.ends_at, self.silent_at, self._ask_at)

    def open(self, topics: Iterable[Topic], now: float) -> None:
        """Ask for these topics: it is open."""
        self.silent_at = math.inf
        self._topics = deque(topics)
        self._ask_at = now

    def question(self, now: float) -> Topic | None:
        """Return the topic to ask for now, if any."""
        if now < self._ask_at or not self._topics:
            return None
        self.asked = self._topics.popleft()
        self._ask_at = math.inf
        self._give_up_at = now + self._timing.answer * _PATIENCE
        self.silent_at = now + self._timing.answer
        return self.asked

    def heard(self, now: float) -> None:
        """Note that something came: a long replay comes before its answer."""
        if self.asked is not None:
            self.silent_at = min(now + self._timing.answer, self._give_up_at)

    def answered(self, now: float) -> None:
        """Note that the open question is answered, or refused for good."""
        self.asked = None
        self.silent_at = math.inf
        self._ask_at = now if self._topics else math.inf
        self._backoff.reset()
        if not self._topics and self.subscribed_at is None:
            self.subscribed_at = now

    def expire(self, lasts: float, margin: float, now: float) -> None:
        """Learn how many seconds it still lasts; leave it `margin` before, or halfway."""
        if math.isinf(self.ends_at):
            self.ends_at = now + lasts
            self.leaves_at = now + max(lasts - margin, lasts / 2)

    def ask_again(self, now: float) -> None:
        """Repeat the open question after a while: it was refused, but not for good."""
        if self.asked is not None:
            self._topics.appendleft(self.asked)
        self.asked = None
        self.silent_at = math.inf
        self._ask_at = now + self._backoff.wait()

    def keep_alive(self, topics: Iterable[Topic], now: float) -> None:
        """Ask for everything again after a while, unless there is more to ask before."""
        if self.asked is None and not self._topics:
            self._topics = deque(topics)
            self._ask_at = now + self._timing.keep_alive

    def forget(self, topic: Topic) -> None:
        """Do not ask for a topic that was refused for good."""
        self._topics = deque(each for each in self._topics if each.key != topic.key)
        if not self._topics:
            self._ask_at = math.inf

    def retire(self) -> None:
        """Repeat nothing any more: the successor is to be opened."""
        self.leaves_at = math.inf
        if self.subscribed_at is not None:
            self._ask_at = math.inf
            self._topics.clear()
