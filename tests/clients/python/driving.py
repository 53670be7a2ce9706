"""A core of the client, driven by hand: what happens is written down, no time passes."""

import json
from typing import Any

from tests.clients.python.frames import subscribed
from ws_notify import ConnectionLostError, HandshakeError, Timing, WsNotifyError
from ws_notify.core.events import Action, Close, Lost, Open, Opened, Received, Send
from ws_notify.core.publisher import Publisher
from ws_notify.core.subscriber import Subscriber
from ws_notify.values import Topic

LOST = ConnectionLostError("The connection was closed with 1001", 1001)
TIMING = Timing()


class Driven:
    """A core and its clock; `luck` is what its random numbers are."""

    def __init__(self, core: Subscriber | Publisher) -> None:
        self.core = core
        self.now = 1000.0

    def after(self, seconds: float) -> list[Action]:
        self.now += seconds
        return self.actions()

    def actions(self) -> list[Action]:
        self.core.tick(self.now)
        return self.core.take_actions()

    def opened(self, link: int = 1, ends_in: float | None = None) -> list[Action]:
        self.core.handle(Opened(link, self.now, ends_in))
        return self.actions()

    def received(self, data: str | bytes, link: int = 1) -> list[Action]:
        self.core.handle(Received(link, self.now, data))
        return self.actions()

    def lost(self, error: WsNotifyError = LOST, link: int = 1) -> list[Action]:
        self.core.handle(Lost(link, self.now, error))
        return self.actions()

    def refused(self, status: int, link: int = 1) -> list[Action]:
        return self.lost(HandshakeError(status), link)

    @property
    def patience(self) -> float:
        """Seconds until it must be called again."""
        return self.core.due - self.now


def subscriber(*refs: str | int, luck: float = 1.0, renewable: bool = False) -> Subscriber:
    topics = [Topic("shop", ref) for ref in refs or ("12303",)]
    return Subscriber(topics, TIMING, lambda: luck, renewable=renewable)


def publisher(*, luck: float = 1.0, renewable: bool = False) -> Publisher:
    return Publisher(TIMING, lambda: luck, renewable=renewable)


def sent(actions: list[Action]) -> list[dict[str, Any]]:
    """Return the frames that are to be sent."""
    return [json.loads(action.text) for action in actions if isinstance(action, Send)]


__all__ = ["LOST", "TIMING", "Close", "Driven", "Open", "publisher", "sent", "subscriber"]


def standing(*refs: str | int, renewable: bool = False) -> Driven:
    """Return a subscription that stands, on link 1."""
    driven = Driven(subscriber(*refs, renewable=renewable))
    assert driven.actions() == [Open(1)]
    driven.opened()
    for ref in refs or ("12303",):
        driven.received(subscribed(ref))
    assert core_of(driven).ready
    return driven


def core_of(driven: Driven) -> Subscriber:
    assert isinstance(driven.core, Subscriber)
    return driven.core


def heard(driven: Driven) -> list[str]:
    """Return the ids of the results; an error by its code."""
    results = [getattr(each, "id", None) or each.code for each in core_of(driven).results]  # type: ignore[union-attr] # either
    core_of(driven).results.clear()
    return results
