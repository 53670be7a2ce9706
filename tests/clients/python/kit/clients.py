"""Both clients behind the same blocking calls, so that each scenario is written once."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Protocol, TypeVar

from tests.clients.python.kit.server import TIMEOUT
from ws_notify import AsyncClient, AsyncSubscription, Client, Notification, Receipt, Timeouts
from ws_notify.values import State

T = TypeVar("T")
KINDS = ["sync", "asyncio"]
QUICK = Timeouts(backoff=0.01, longest_backoff=0.05)
"""Reconnects at once, and waits for answers as long as the defaults."""

IMPATIENT = Timeouts(answer=0.3, handshake=0.3, attempt=0.3, backoff=0.01, longest_backoff=0.05,
                     closing=0.2)  # fmt: skip
"""For answers that never arrive."""

PAYMENT: dict[str, Any] = {
    "merchant_id": "shop",
    "ref": "12303",
    "project": "checkout",
    "type": "payment",
    "message": "paid",
}


class AnySubscription(Protocol):
    """The interface that Subscription and BlockingSubscription share."""

    @property
    def state(self) -> State: ...
    def ready(self, timeout: float = ...) -> bool: ...
    def __iter__(self) -> Iterator[Notification]: ...
    def __next__(self) -> Notification: ...
    def close(self) -> None: ...


class AnyClient(Protocol):
    """The interface that Client and BlockingClient share."""

    def publish(self, *args: Any, **fields: Any) -> Receipt: ...
    def subscribe(
        self,
        merchant_id: str,
        *refs: str | int,
        timeout: float | None = None,
        since: str | None = None,
        every: bool = False,
    ) -> AnySubscription: ...
    def close(self) -> None: ...


class Loop:
    """An event loop in a thread of its own, so that threads can share an AsyncClient."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(2 * TIMEOUT)

    def close(self) -> None:
        self.run(_finish_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _finish_tasks() -> None:
    """Wait for the connections of garbage-collected clients."""
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others, timeout=TIMEOUT)


class BlockingClient:
    """An AsyncClient behind blocking calls."""

    def __init__(self, loop: Loop, url: str, **more: Any) -> None:
        self._loop = loop
        self._client = AsyncClient(url, **more)

    def publish(self, *_: Any, **fields: Any) -> Receipt:
        return self._loop.run(self._client.publish(**fields))

    def subscribe(self, merchant_id: str, *refs: str | int, **more: Any) -> "BlockingSubscription":
        subscription = self._client.subscribe(merchant_id, *refs, **more)
        return BlockingSubscription(self._loop, subscription)

    def close(self) -> None:
        self._loop.run(self._client.aclose())


class BlockingSubscription:
    """An AsyncSubscription behind blocking calls."""

    def __init__(self, loop: Loop, subscription: AsyncSubscription) -> None:
        self._loop = loop
        self._subscription = subscription

    @property
    def state(self) -> State:
        return self._subscription.state

    def ready(self, timeout: float = 10.0) -> bool:
        return self._loop.run(self._subscription.ready(timeout))

    def __iter__(self) -> Iterator[Notification]:
        return self

    def __next__(self) -> Notification:
        try:
            return self._loop.run(self._subscription.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        self._loop.run(self._subscription.aclose())


Connect = Callable[..., AnyClient]


@contextmanager
def connecting(kind: str) -> Iterator[Connect]:
    """Make clients of a kind, which are closed at the end unless `kept` is false."""
    with ExitStack() as stack:
        loop = stack.enter_context(closing(Loop())) if kind == "asyncio" else None

        def connect(
            url: str, *, timeouts: Timeouts = QUICK, kept: bool = True, **more: Any
        ) -> AnyClient:
            client: AnyClient = (
                BlockingClient(loop, url, timeouts=timeouts, **more)
                if loop
                else Client(url, timeouts=timeouts, **more)
            )
            return stack.enter_context(closing(client)) if kept else client

        yield connect
