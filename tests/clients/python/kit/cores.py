"""A core of the client, driven by hand: without I/O, and with a clock that the test sets."""

import json
from typing import Any, Generic, TypeVar

from tests.clients.python.kit.frames import subscribed
from ws_notify import ConnectionLostError, HandshakeError, Timeouts, WsNotifyError
from ws_notify.core.events import Action, Close, Lost, Open, Opened, Received, Send
from ws_notify.core.publisher import Publisher
from ws_notify.core.subscriber import Subscriber
from ws_notify.values import Topic

__all__ = ["LOST", "TIMEOUTS", "Close", "Driven", "Open", "opened", "opening", "publisher",
           "ready", "results", "sent"]  # fmt: skip

LOST = ConnectionLostError("The connection was closed with 1001", 1001)
TIMEOUTS = Timeouts()
Core = TypeVar("Core", bound=Subscriber | Publisher)


class Driven(Generic[Core]):
    """A core and its clock."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.now = 1000.0

    def after(self, seconds: float) -> list[Action]:
        self.now += seconds
        return self.actions()

    def actions(self) -> list[Action]:
        self.core.tick(self.now)
        return self.core.take_actions()

    def opened(self, connection: int = 1, token_expires_in: float | None = None) -> list[Action]:
        self.core.handle(Opened(connection, self.now, token_expires_in))
        return self.actions()

    def received(self, data: str | bytes, connection: int = 1) -> list[Action]:
        self.core.handle(Received(connection, self.now, data))
        return self.actions()

    def lost(self, error: WsNotifyError = LOST, connection: int = 1) -> list[Action]:
        self.core.handle(Lost(connection, self.now, error))
        return self.actions()

    def refused(self, status: int, connection: int = 1) -> list[Action]:
        return self.lost(HandshakeError(status), connection)

    @property
    def until_due(self) -> float:
        """Seconds until it must be called again."""
        return self.core.due - self.now


def publisher(*, jitter: float = 1.0, renewable: bool = False) -> Driven[Publisher]:
    return Driven(Publisher(TIMEOUTS, lambda: jitter, renewable=renewable))


def opening(
    *refs: str | int, jitter: float = 1.0, renewable: bool = False, every: bool = True
) -> Driven[Subscriber]:
    """Return a subscription whose connection 1 is being opened; by default, it holds nothing."""
    topics = [Topic("shop", ref) for ref in refs or ("12303",)]
    driven = Driven(Subscriber(topics, TIMEOUTS, lambda: jitter, renewable=renewable, every=every))
    assert driven.actions() == [Open(1)]
    return driven


def opened(*refs: str | int, renewable: bool = False, every: bool = True) -> Driven[Subscriber]:
    """Return a subscription whose connection 1 is open."""
    driven = opening(*refs, renewable=renewable, every=every)
    driven.opened()
    return driven


def ready(*refs: str | int, renewable: bool = False, every: bool = True) -> Driven[Subscriber]:
    """Return a subscription that is ready, on connection 1."""
    driven = opened(*refs, renewable=renewable, every=every)
    for ref in refs or ("12303",):
        driven.received(subscribed(ref))
    assert driven.core.ready
    return driven


def sent(actions: list[Action]) -> list[dict[str, Any]]:
    """Return the frames that are to be sent."""
    return [json.loads(action.text) for action in actions if isinstance(action, Send)]


def results(driven: Driven[Subscriber]) -> list[str]:
    """Return the ids of the results, and drop them; an error by its code."""
    found = [getattr(each, "id", None) or each.code for each in driven.core.results]  # type: ignore[union-attr] # either
    driven.core.results.clear()
    return found
