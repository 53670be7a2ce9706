"""A subscription that also yields its state, which `listen` prints and Subscription hides."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ws_notify.core.events import Lost
from ws_notify.core.reachability import UNREACHABLE
from ws_notify.core.subscriber import Subscriber
from ws_notify.endpoint import Endpoint
from ws_notify.exceptions import WsNotifyError
from ws_notify.transport.sync import SyncTransport
from ws_notify.values import Notification, Topic


@dataclass(frozen=True, slots=True)
class Ready:
    """Every topic is subscribed to; `again`: after an interruption."""

    again: bool


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The connection is lost, or could not be opened, and is tried again."""

    reason: str


def tail(
    endpoint: Endpoint, topics: Sequence[Topic]
) -> Iterator[Notification | WsNotifyError | Ready | Interrupted]:
    """Yield notifications, errors and states, until every topic or the connection is rejected."""
    core = Subscriber(
        topics, endpoint.timeouts, random.random, renewable=endpoint.renewable, every=True
    )
    transport = SyncTransport(endpoint)
    was_ready, ever_ready, was_unreachable, seconds = False, False, False, 0.0
    try:
        while True:
            lost: str | None = None
            for event in transport.wait(seconds):
                core.handle(event)
                lost = str(event.error) if isinstance(event, Lost) else lost
            now = time.monotonic()
            core.tick(now)
            transport.perform(core.take_actions())
            while core.results:
                yield core.results.popleft()
            if core.finished:
                return
            # A loss while another connection is ready is that of the old one, after a handover.
            if not core.ready and (was_ready or lost):
                yield Interrupted(lost or "The connection fell silent or expired")
            elif core.ready and not was_ready:
                yield Ready(again=ever_ready)
            unreachable = core.state == "unreachable"
            if unreachable and not was_unreachable:
                yield Interrupted(UNREACHABLE)
            was_unreachable = unreachable
            was_ready, ever_ready = core.ready, ever_ready or core.ready
            seconds = core.due - time.monotonic()
    finally:
        transport.close(timeout=endpoint.timeouts.closing)
