"""The asyncio client."""

import asyncio
import contextlib
import math
import time
import weakref
from types import TracebackType
from typing import Any

from ws_notify.async_subscription import AsyncSubscription
from ws_notify.endpoint import AsyncTokenFunction, Endpoint, Proxy, reduce
from ws_notify.exceptions import ClosedError, DeadlineError
from ws_notify.fields import build_fields, build_since, build_topics, check_seconds
from ws_notify.loop_states import LoopState, LoopStates
from ws_notify.timeouts import Timeouts
from ws_notify.transport.asyncio import Tasks, finish
from ws_notify.values import AnyRef, AnyStatus, AnyText, AnyTime, Receipt


class AsyncClient:
    """Client with `async` and `await`.

        async with AsyncClient(url, token=token) as client:
            receipt = await client.publish(merchant_id="shop", ref="12303", ...)
            async for notification in client.subscribe("shop", "12303"):
                ...

    In another event loop, as with a second `asyncio.run` or in another thread, and in another
    process, it opens a connection of its own; what another loop has stays. `token` may be a
    coroutine function, too; any other function is called in a thread.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | bytes | AsyncTokenFunction | None = None,
        timeouts: Timeouts | None = None,
        proxy: Proxy = True,
    ) -> None:
        self._endpoint = Endpoint(url, token, timeouts or Timeouts(), proxy)
        self._loops = LoopStates(self._endpoint)
        self._subscriptions: weakref.WeakSet[AsyncSubscription] = weakref.WeakSet()
        self._closed = False

    async def publish(  # noqa: PLR0913 - a notification has these fields
        self,
        *,
        merchant_id: AnyText,
        ref: AnyRef,
        project: AnyText,
        type: AnyText,  # noqa: A002 - the protocol's names
        message: AnyText,
        status: AnyStatus = "done",
        id: AnyText | None = None,  # noqa: A002
        deadline: float = 10.0,
        **further: Any,
    ) -> Receipt:
        """Publish a notification as Client does, with the same arguments and errors."""
        fields = build_fields(
            id,
            merchant_id,
            ref,
            project,
            type,
            status=status,
            message=message,
            further=further,
            deadline=deadline,
        )
        end = time.monotonic() + deadline
        here = self._loops.enter()
        if not await here.acquire(deadline):
            raise DeadlineError(fields["id"], deadline, None)
        try:
            return await self._publish(fields, end - time.monotonic(), here)
        finally:
            here.publishing.release()

    async def _publish(self, fields: dict[str, Any], seconds: float, here: LoopState) -> Receipt:
        core, transport = here.publisher, here.transport
        core.publish(fields, seconds, time.monotonic())
        try:
            wait = 0.0  # first the events since the last publish
            while core.outcome is None:
                for event in await transport.wait(wait):
                    core.handle(event)
                self._check_open()
                core.tick(time.monotonic())
                transport.perform(core.take_actions())
                wait = core.due - time.monotonic()
        except BaseException:
            core.abandon()
            transport.perform(core.take_actions())
            raise
        if isinstance(core.outcome, Receipt):
            return core.outcome
        raise core.outcome

    def subscribe(
        self,
        merchant_id: AnyText,
        *refs: AnyRef,
        timeout: float | None = None,
        since: AnyTime | None = None,
        every: bool = False,
    ) -> AsyncSubscription:
        """Return an asynchronous iterator over what is published to these refs, as Client does."""
        self._check_open()
        check_seconds("timeout", math.inf if timeout is None else timeout)
        tasks: Tasks = set()
        with contextlib.suppress(RuntimeError):  # called outside of a loop
            tasks = self._loops.enter().tasks
        subscription = AsyncSubscription(
            self._endpoint,
            build_topics(merchant_id, refs),
            timeout,
            tasks,
            every=every,
            since=build_since(since),
        )
        self._subscriptions.add(subscription)
        return subscription

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("The client is closed")

    async def aclose(self) -> None:
        """Close every connection and end the iterators; harmless when repeated."""
        self._closed = True
        here = self._loops.enter()
        closing = (each.aclose() for each in self._subscriptions)
        await asyncio.gather(here.transport.close(), *closing)
        self._loops.forget()  # those of other loops
        # Of garbage-collected subscriptions:
        await finish(here.tasks, self._endpoint.timeouts.closing)

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce(type(self), self._endpoint)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if hasattr(self, "_loops"):  # not after a ValueError
            self._loops.forget()
