"""A subscription: keeps one link subscribed to its topics for as long as it is wanted.

At most two links at a time: the one that serves, and its successor before it expires. The old one
is closed only when the new one is subscribed; what both deliver is seen once.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable

from ws_notify.core import frames
from ws_notify.core.events import Action, Close, Event, Lost, Open, Opened, Received, Send
from ws_notify.core.handshakes import Handshakes
from ws_notify.core.link import Link
from ws_notify.core.seen import Seen
from ws_notify.exceptions import ConnectionLostError, RefusedError, TokenError, WsNotifyError
from ws_notify.timing import Backoff, Timing
from ws_notify.values import Notification, Topic

Result = Notification | WsNotifyError


class Subscriber:
    """Its results are new notifications, and errors that are for the caller.

    A topic that is refused for good is an error once, and not asked for again. A connection that is
    refused for good is an error, and the end: `finished`.
    """

    def __init__(
        self,
        topics: Iterable[Topic],
        timing: Timing,
        random: Callable[[], float],
        *,
        renewable: bool,
    ) -> None:
        self.results: deque[Result] = deque()
        self.finished = False
        self._topics = {topic.key: topic for topic in topics}
        self._since: dict[tuple[str, str], str] = {}
        self._seen = Seen()
        self._timing = timing
        self._random = random
        self._backoff = Backoff(timing, random)
        self._handshakes = Handshakes(renewable=renewable)
        self._actions: list[Action] = []
        self._serving: Link | None = None
        self._successor: Link | None = None
        self._links = 0
        self._ever_opened = False
        self._open_at = -math.inf
        self._verdict: WsNotifyError | None = None

    @property
    def ready(self) -> bool:
        """Whether every topic is subscribed to right now."""
        return self._serving is not None and self._serving.subscribed_at is not None

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
        return min([self._open_at, *(link.due for link in self._alive())])

    def take_actions(self) -> list[Action]:
        """Return what is to be done, once."""
        actions, self._actions = self._actions, []
        return actions

    def handle(self, event: Event) -> None:
        """Take in what happened on a link."""
        if isinstance(event, Received):
            self._receive(event)
        elif link := self._named(event.link):
            if isinstance(event, Opened):
                self._ever_opened = True
                self._handshakes.opened()
                link.open(self._topics.values(), event.at)
            else:
                self._lost(link, event)

    def tick(self, now: float) -> None:
        """Do what is due by now."""
        for link in self._alive():
            if link.silent_at <= now:
                self._give_up(link, now, "The connection fell silent", broken=True)
            elif link.ends_at <= now:
                self._give_up(link, now, "The connection expired")
        if self._serving and self._serving.leaves_at <= now:
            self._serving.retire()
            self._open_at = now
        if self._open_at <= now and not self.finished:
            self._open(now)
        for link in self._alive():
            if topic := link.question(now):
                text = frames.subscribe(topic, self._since.get(topic.key))
                self._actions.append(Send(link.number, text))

    def _alive(self) -> list[Link]:
        return [link for link in (self._serving, self._successor) if link]

    def _named(self, number: int) -> Link | None:
        return next((link for link in self._alive() if link.number == number), None)

    def _open(self, now: float) -> None:
        self._links += 1
        self._open_at = math.inf
        link = Link(self._links, self._timing, self._random, now)
        if self._serving is None:
            self._serving = link
        else:
            self._successor = link
        self._actions.append(Open(link.number))

    def _receive(self, event: Received) -> None:
        frame, link = frames.read(event.data), self._named(event.link)
        if isinstance(frame, Notification):  # from a link that was just replaced, too
            self._take(frame)
        if link is None:
            return
        link.heard(event.at)
        if link.asked is None:
            return
        if isinstance(frame, frames.Subscribed) and frame.topic.key == link.asked.key:
            self._since[frame.topic.key] = frame.now
            margin = self._timing.handover * (1 + self._random())
            link.expire(frame.lasts, margin, event.at)
            self._answered(link, event.at)
        elif isinstance(frame, RefusedError) and frame.retryable:
            link.ask_again(event.at)
        elif isinstance(frame, RefusedError):
            stood = link.subscribed_at is not None
            if frame.code == "forbidden" and (stood or frame.field == "exp"):
                # What was allowed is so no more: the token ended while this machine slept, or while
                # what was missed was replayed.
                self._give_up(link, event.at, "The token ended")
                return
            self._refuse(link.asked, frame)
            self._answered(link, event.at)

    def _take(self, notification: Notification) -> None:
        if notification.topic.key in self._topics and self._seen.is_new(notification):
            self.results.append(notification)

    def _refuse(self, topic: Topic, error: RefusedError) -> None:
        for link in self._alive():
            link.forget(topic)
        if self._topics.pop(topic.key, None):
            self.results.append(error)

    def _answered(self, link: Link, at: float) -> None:
        link.answered(at)
        if not self._topics:
            self._finish()
        elif link.subscribed_at is not None:
            if link is self._successor and self._serving:
                self._actions.append(Close(self._serving.number))
                self._serving, self._successor = link, None
            if link is self._serving and self._successor is None:
                link.keep_alive(self._topics.values(), at)

    def _give_up(self, link: Link, now: float, why: str, *, broken: bool = False) -> None:
        self._actions.append(Close(link.number, broken))
        self._lost(link, Lost(link.number, now, ConnectionLostError(why)))

    def _lost(self, link: Link, event: Lost) -> None:
        stood = link.subscribed_at
        if stood is not None and event.at - stood >= self._timing.answer:
            self._backoff.reset()
        replaced = link is self._serving and self._successor is not None
        if link is self._serving:
            self._serving = self._successor
        self._successor = None
        if self._is_final(event.error):
            self._verdict = event.error
        if self._verdict is None:
            if not replaced and math.isinf(self._open_at):
                self._open_at = event.at + self._backoff.wait()
        elif self._serving is None:  # until now, what served went on
            self.results.append(self._verdict)
            self._finish()

    def _is_final(self, error: WsNotifyError) -> bool:
        # A function that never gave a token is wrong, one that fails later may be without network.
        never = isinstance(error, TokenError) and not self._ever_opened
        return never or self._handshakes.is_final(error)

    def _finish(self) -> None:
        self._actions += [Close(link.number) for link in self._alive()]
        self._serving = self._successor = None
        self.finished = True
