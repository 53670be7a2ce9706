"""A subscription that also tells how it stands: what `listen` shows, and Subscription hides."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ws_notify.address import Address
from ws_notify.core.events import Lost
from ws_notify.core.subscriber import Subscriber
from ws_notify.exceptions import WsNotifyError
from ws_notify.threads import Links
from ws_notify.values import Notification, Topic


@dataclass(frozen=True, slots=True)
class Stands:
    """Every topic is subscribed to; `again`: after it had been lost."""

    again: bool


@dataclass(frozen=True, slots=True)
class Interrupted:
    """It is lost, or could not be made, and is tried again."""

    why: str


def tail(
    address: Address, topics: Sequence[Topic]
) -> Iterator[Notification | WsNotifyError | Stands | Interrupted]:
    """Yield what comes and how it stands, until every topic or the connection is refused."""
    core = Subscriber(topics, address.timing, random.random, renewable=address.renewable)
    links = Links(address)
    stood, ever, seconds = False, False, 0.0
    try:
        while True:
            lost: str | None = None
            for event in links.wait(seconds):
                core.handle(event)
                lost = str(event.error) if isinstance(event, Lost) else lost
            now = time.monotonic()
            core.tick(now)
            links.perform(core.take_actions())
            while core.results:
                yield core.results.popleft()
            if core.finished:
                return
            # A loss beside a connection that stands is only the old one's, after a handover.
            if not core.ready and (stood or lost):
                yield Interrupted(lost or "The connection fell silent or expired")
            elif core.ready and not stood:
                yield Stands(again=ever)
            stood, ever = core.ready, ever or core.ready
            seconds = core.due - time.monotonic()
    finally:
        links.close(patience=address.timing.closing)
