"""What `ws-notify bench` measures: notifications at a pace, their receipts and deliveries."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

from ws_notify.async_client import AsyncClient
from ws_notify.async_subscription import AsyncSubscription
from ws_notify.cli.failures import Failure
from ws_notify.exceptions import DeadlineError

_DELIVERY_TIMEOUT = 10.0
"""Seconds, for the last notification to arrive."""


@dataclass(frozen=True, slots=True)
class Load:
    """So many notifications, to so many subscribers of one ref, at so many a second."""

    merchant_id: str
    ref: str
    count: int
    subscribers: int
    rate: float


@dataclass(slots=True)
class Measured:
    """Durations in seconds since each publish began; `rate` is the one that was reached."""

    receipts: list[float] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)
    unreceipted: int = 0
    rate: float = 0.0


async def measure(load: Load, listener: AsyncClient, publisher: AsyncClient) -> Measured:
    """Publish and listen. Raises the clients' errors for what is rejected; Failure.

    One notification goes ahead and is not counted: it opens the connection and warms the function.
    """
    subscriptions = [
        listener.subscribe(load.merchant_id, load.ref, every=True) for _ in range(load.subscribers)
    ]
    ready = await asyncio.gather(*(each.ready(30) for each in subscriptions))
    if not all(ready):
        raise Failure(f"Only {sum(ready)} of {load.subscribers} subscribed within 30 s: "
                      "`ws-notify doctor` finds out why")  # fmt: skip
    measured = Measured()
    began: dict[str, float] = {}
    complete = asyncio.Event()

    def arrived(id_: str) -> None:
        if id_ in began:
            measured.deliveries.append(time.monotonic() - began[id_])
        if len(measured.deliveries) == load.count * load.subscribers:
            complete.set()

    listening = [asyncio.create_task(_listen(each, arrived)) for each in subscriptions]
    try:
        await _publish(load, publisher, began, measured)
        # A listener ends by itself only if its connection is refused for good.
        waiting = asyncio.create_task(complete.wait())
        await asyncio.wait({waiting, *listening}, timeout=_DELIVERY_TIMEOUT,
                           return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
        waiting.cancel()
    finally:
        for task in listening:
            task.cancel()
        ended = await asyncio.gather(*listening, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error
    return measured


async def _listen(subscription: AsyncSubscription, arrived: Callable[[str], None]) -> None:
    async for notification in subscription:
        arrived(notification.id)


async def _publish(
    load: Load, publisher: AsyncClient, began: dict[str, float], measured: Measured
) -> None:
    run = uuid4().hex[:12]
    await _one(load, publisher, f"bench-{run}-ahead")
    start = time.monotonic()
    for number in range(load.count):
        await asyncio.sleep(max(0.0, start + number / load.rate - time.monotonic()))
        id_ = f"bench-{run}-{number}"
        began[id_] = time.monotonic()
        try:
            await _one(load, publisher, id_)
            measured.receipts.append(time.monotonic() - began[id_])
        except DeadlineError:
            measured.unreceipted += 1
    # A single notification has no rate, so the wanted one is reported.
    took = began[id_] - start
    measured.rate = (load.count - 1) / took if took else load.rate


async def _one(load: Load, publisher: AsyncClient, id_: str) -> None:
    await publisher.publish(
        merchant_id=load.merchant_id,
        ref=load.ref,
        project="ws-notify",
        type="bench",
        message="ws-notify bench",
        id=id_,
    )
