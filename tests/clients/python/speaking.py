"""Both clients behind the same calls, so that each scenario is told once."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Protocol, TypeVar

from ws_notify import AsyncClient, AsyncSubscription, Client, Notification, Receipt, Timing

T = TypeVar("T")
KINDS = ["threads", "asyncio"]
QUICK = Timing(backoff=0.01, longest_backoff=0.05)
"""Comes back at once, and waits for answers as long as ever."""

PAYMENT: dict[str, Any] = {
    "merchant_id": "shop",
    "ref": "12303",
    "project": "checkout",
    "type": "payment",
    "message": "paid",
}


class Listening(Protocol):
    """What Subscription and AsyncSubscription have in common."""

    def ready(self, timeout: float = ...) -> bool: ...
    def __next__(self) -> Notification: ...
    def close(self) -> None: ...


class Speaking(Protocol):
    """What Client and AsyncClient have in common."""

    def publish(self, *args: Any, **fields: Any) -> Receipt: ...
    def subscribe(
        self, merchant_id: str, *refs: str | int, timeout: float | None = None
    ) -> Listening: ...
    def close(self) -> None: ...


class Awaited:
    """An AsyncClient on an event loop that runs while it is called."""

    def __init__(self, loop: asyncio.AbstractEventLoop, url: str, **more: Any) -> None:
        self._loop = loop
        self._client = AsyncClient(url, **more)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(coroutine)

    def publish(self, *_: Any, **fields: Any) -> Receipt:
        return self.run(self._client.publish(**fields))

    def subscribe(
        self, merchant_id: str, *refs: str | int, timeout: float | None = None
    ) -> "AwaitedSubscription":
        subscription = self._client.subscribe(merchant_id, *refs, timeout=timeout)
        return AwaitedSubscription(self, subscription)

    def close(self) -> None:
        self.run(self._client.aclose())


class AwaitedSubscription:
    """Its iterator."""

    def __init__(self, client: Awaited, subscription: AsyncSubscription) -> None:
        self._client = client
        self._subscription = subscription

    def ready(self, timeout: float = 10.0) -> bool:
        return self._client.run(self._subscription.ready(timeout))

    def __next__(self) -> Notification:
        try:
            return self._client.run(self._subscription.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        self._client.run(self._subscription.aclose())


Connect = Callable[..., Speaking]


@contextmanager
def connecting(kind: str) -> Iterator[Connect]:
    """Make clients of a kind, which are closed in the end."""
    with ExitStack() as stack:
        loop = stack.enter_context(closing(asyncio.new_event_loop()))

        def client(url: str, *, timing: Timing = QUICK, **more: Any) -> Speaking:
            if kind == "threads":
                return stack.enter_context(closing(Client(url, timing=timing, **more)))
            return stack.enter_context(closing(Awaited(loop, url, timing=timing, **more)))

        yield client
