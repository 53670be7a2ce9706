"""The asyncio iterator over notifications."""

import asyncio
import math
import os
import random
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from ws_notify.core.subscriber import Subscriber
from ws_notify.endpoint import Endpoint
from ws_notify.transport.asyncio import AsyncioTransport, Tasks
from ws_notify.values import Notification, State, Topic


class AsyncSubscription:
    """Subscription with `async for`, `async with` and `aclose`.

    It is closed when it is garbage-collected while its event loop runs; `async with` is surer.
    """

    def __init__(  # noqa: PLR0913 - what a caller may choose
        self,
        endpoint: Endpoint,
        topics: Sequence[Topic],
        timeout: float | None,
        tasks: Tasks,
        *,
        every: bool = False,
        since: str | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._topics = topics
        self._every = every
        self._since = since
        self._fresh(tasks)
        self._timeout = timeout
        self._deadline: float | None = None
        self._closed = False

    def _fresh(self, tasks: Tasks, loop: object = None) -> None:
        """Begin without a connection: anew in another event loop or process."""
        self._home = (os.getpid(), loop)
        self._transport = AsyncioTransport(self._endpoint, tasks)
        self._core = Subscriber(
            self._topics,
            self._endpoint.timeouts,
            random.random,
            renewable=self._endpoint.renewable,
            every=self._every,
            since=self._since,
        )

    def _enter_loop(self) -> None:
        home = (os.getpid(), asyncio.get_running_loop())
        if self._home == home or self._closed:
            return
        if self._home[1] is None:
            self._home = home  # the first step
        else:
            self._transport.forget()
            self._fresh(set(), home[1])

    async def ready(self, timeout: float = 10.0) -> bool:
        """Wait until every ref is subscribed to: from now on nothing depends on a replay.

        Returns False after `timeout` seconds. Raises what the steps raise.
        """
        self._enter_loop()
        core = self._core
        await self._advance(lambda: core.ready or core.failed, time.monotonic() + timeout)
        core.raise_failure()
        return core.ready

    @property
    def state(self) -> State:
        """Its state as of the last step, as Subscription has it."""
        return "closed" if self._closed else self._core.state

    def __aiter__(self) -> "AsyncSubscription":
        return self

    async def __anext__(self) -> Notification:
        self._enter_loop()
        if self._deadline is None:
            self._deadline = math.inf if self._timeout is None else time.monotonic() + self._timeout
        await self._advance(lambda: bool(self._core.results), self._deadline)
        if self._closed or not self._core.results:
            await self.aclose()
            raise StopAsyncIteration
        result = self._core.results.popleft()
        if isinstance(result, Notification):
            return result
        raise result

    async def _advance(self, reached: Callable[[], bool], end: float) -> None:
        core, transport = self._core, self._transport
        seconds = 0.0
        while True:
            # First the events, then the time: an answer may have waited for this step.
            for event in await transport.wait(seconds):
                core.handle(event)
            now = time.monotonic()
            core.tick(now)
            transport.perform(core.take_actions())
            if reached() or core.finished or self._closed or now >= end:
                return
            seconds = min(core.due, end) - now

    async def aclose(self) -> None:
        """Close the connection and end the iteration; harmless when repeated."""
        self._enter_loop()
        self._closed = True
        await self._transport.close()

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
        self._transport.forget()
