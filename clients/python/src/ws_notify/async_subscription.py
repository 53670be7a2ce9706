"""The iterator over notifications, for asyncio."""

import math
import random
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from ws_notify.address import Address
from ws_notify.core.subscriber import Subscriber
from ws_notify.tasks import Links, Tasks
from ws_notify.values import Notification, Topic


class AsyncSubscription:
    """What Subscription is, with `async for`, `async with` and `aclose`.

    A subscription that is dropped while its event loop runs is closed; `async with` is surer.
    """

    def __init__(
        self, address: Address, topics: Sequence[Topic], timeout: float | None, tasks: Tasks
    ) -> None:
        self._links = Links(address, tasks)
        self._core = Subscriber(topics, address.timing, random.random, renewable=address.renewable)
        self._timeout = timeout
        self._until: float | None = None
        self._closed = False

    async def ready(self, timeout: float = 10.0) -> bool:
        """Wait until every ref is subscribed to, so that from now on nothing depends on a replay.

        Tells whether that was so within `timeout` seconds. Raises what the steps raise.
        """
        core = self._core
        await self._advance(lambda: core.ready or core.failed, time.monotonic() + timeout)
        core.raise_failure()
        return core.ready

    def __aiter__(self) -> "AsyncSubscription":
        return self

    async def __anext__(self) -> Notification:
        if self._until is None:
            self._until = math.inf if self._timeout is None else time.monotonic() + self._timeout
        await self._advance(lambda: bool(self._core.results), self._until)
        if self._closed or not self._core.results:
            await self.aclose()
            raise StopAsyncIteration
        result = self._core.results.popleft()
        if isinstance(result, Notification):
            return result
        raise result

    async def _advance(self, reached: Callable[[], bool], end: float) -> None:
        core, links = self._core, self._links
        seconds = 0.0
        while True:
            # First what has come, then the time: an answer may have waited for this step.
            for event in await links.wait(seconds):
                core.handle(event)
            now = time.monotonic()
            core.tick(now)
            links.perform(core.take_actions())
            if reached() or core.finished or self._closed or now >= end:
                return
            seconds = min(core.due, end) - now

    async def aclose(self) -> None:
        """Close the connection and end the iteration; harmless when repeated."""
        self._closed = True
        await self._links.close()

    async def __aenter__(self) -> "AsyncSubscription":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        self._links.forget()
