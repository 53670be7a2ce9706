"""Publishing over HTTPS with asyncio. Extra `[httpx]`."""

import asyncio
import os
import random
import time
from types import TracebackType
from typing import Any

from ws_notify.bounded_call import await_with_timeout
from ws_notify.core import frames
from ws_notify.core.attempts import Attempts
from ws_notify.core.http_answer import HttpAnswer
from ws_notify.endpoint import AsyncTokenFunction, Proxy, reduce
from ws_notify.exceptions import ClosedError, WsNotifyError
from ws_notify.fields import build_fields
from ws_notify.http_endpoint import HttpEndpoint
from ws_notify.timeouts import Timeouts
from ws_notify.transport.fetching import KeptToken, fetch_token_async
from ws_notify.transport.httpx import HttpxTransport, check_installed
from ws_notify.values import AnyRef, AnyStatus, AnyText, Receipt


class AsyncHttpPublisher:
    """HttpPublisher with `async` and `await`, on httpx.

        async with AsyncHttpPublisher(url, token=token) as publisher:
            receipt = await publisher.publish(merchant_id="shop", ref="12303", ...)

    Each event loop, and each process, has connections of its own; loops may run in several threads.
    `token` may be a coroutine function, too; any other function is called in a thread.
    Raises ConfigurationError where httpx is missing.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | bytes | AsyncTokenFunction | None = None,
        timeouts: Timeouts | None = None,
        proxy: Proxy = True,
    ) -> None:
        check_installed()
        self._endpoint = HttpEndpoint(url, token, timeouts or Timeouts(), proxy)
        self._token = KeptToken(self._endpoint.timeouts)
        self._closed = False
        self._transports: dict[asyncio.AbstractEventLoop, tuple[int, HttpxTransport]] = {}

    def _enter_loop(self) -> HttpxTransport:
        """Return the transport of this loop in this process; loops may run in several threads.

        Without a lock: only its own thread adds a loop's, and single steps on a dict are atomic.
        """
        process, loop = os.getpid(), asyncio.get_running_loop()
        maker, transport = self._transports.get(loop, (None, None))
        if transport is None or maker != process:
            for each, (of, _) in list(self._transports.items()):
                if each.is_closed() or of != process:  # it ended with its loop, or is the parent's
                    self._transports.pop(each, None)
            transport = HttpxTransport(self._endpoint)
            self._transports[loop] = process, transport
        return transport

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
        """Publish a notification as HttpPublisher does, with the same arguments and errors."""
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
        body = frames.publish(fields).encode()
        transport = self._enter_loop()
        endpoint = self._endpoint
        attempts = Attempts(
            fields["id"],
            deadline,
            time.monotonic(),
            endpoint.timeouts,
            random.random,
            renewable=endpoint.renewable,
        )
        while attempts.outcome is None:
            self._check_open()
            attempt = self._attempt(transport, body, renew=attempts.renew)
            result = await await_with_timeout(attempts.timeout(time.monotonic()), attempt)
            await asyncio.sleep(attempts.handle(result, time.monotonic()))
        if isinstance(attempts.outcome, Receipt):
            return attempts.outcome
        raise attempts.outcome

    async def _attempt(
        self, transport: HttpxTransport, body: bytes, *, renew: bool
    ) -> HttpAnswer | WsNotifyError:
        now = time.monotonic()
        token = None if renew else self._token.get(now)
        if token is None:
            try:
                token = self._token.keep(await fetch_token_async(self._endpoint.token), now)
            except WsNotifyError as error:
                return error
            self._check_open()
        return await transport.post("/publish", body, token, fresh=renew)

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("The publisher is closed")

    async def aclose(self) -> None:
        """Close its connections, and end what is under way; harmless when repeated.

        Those of other loops close there, or end with them.
        """
        self._closed = True
        here = self._enter_loop()
        self._transports.clear()
        await here.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce(type(self), self._endpoint)

    async def __aenter__(self) -> "AsyncHttpPublisher":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
