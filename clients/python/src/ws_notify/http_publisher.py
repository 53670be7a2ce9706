"""Publishing over HTTPS, where no WebSocket passes or none is wanted."""

import functools
import random
import time
from types import TracebackType
from typing import Any

from ws_notify.core import frames
from ws_notify.core.attempts import Attempts
from ws_notify.endpoint import Proxy, TokenFunction, reduce
from ws_notify.exceptions import ClosedError
from ws_notify.fields import build_fields
from ws_notify.http_endpoint import HttpEndpoint
from ws_notify.timeouts import Timeouts
from ws_notify.transport.fetching import KeptToken, fetch_token
from ws_notify.transport.http import HttpTransport
from ws_notify.values import AnyRef, AnyStatus, AnyText, Receipt


class HttpPublisher:
    """Publishes by requests to `url`, the stack's output `HttpEndpointURL`; threads may share it.

        publisher = HttpPublisher(url, token=token)
        receipt = publisher.publish(merchant_id="shop", ref="12303", ...)

    `token` is a string, or a function that returns one: it is called before the first request,
    before the token expires, and after a request that was denied or not answered. Connections are
    kept for half a minute, in each process its own. `proxy` is as for Client, of http:// alone.
    Raises ValueError for an invalid URL or proxy, and for a token that no header may hold.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | bytes | TokenFunction | None = None,
        timeouts: Timeouts | None = None,
        proxy: Proxy = True,
    ) -> None:
        self._endpoint = HttpEndpoint(url, token, timeouts or Timeouts(), proxy)
        self._transport = HttpTransport(self._endpoint)
        self._token = KeptToken(self._endpoint.timeouts)
        self._closed = False

    def publish(  # noqa: PLR0913 - a notification has these fields
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
        """Publish a notification as Client does, with the same arguments and errors.

        HandshakeError is an answer without a frame, as API Gateway's own 401 and 403 are. Waits as
        long as `Retry-After` says, and ends before its deadline where no further attempt fits.
        """
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
            fetch = functools.partial(self._fetch_token, renew=attempts.renew)
            seconds = attempts.timeout(time.monotonic())
            result = self._transport.post("/publish", body, fetch, seconds)
            time.sleep(attempts.handle(result, time.monotonic()))
        if isinstance(attempts.outcome, Receipt):
            return attempts.outcome
        raise attempts.outcome

    def _fetch_token(self, *, renew: bool) -> str | None:
        began = time.monotonic()
        token = None if renew else self._token.get(began)
        return token or self._token.keep(fetch_token(self._endpoint.token), began)

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("The publisher is closed")

    def close(self) -> None:
        """Close its connections, and end what is under way; harmless when repeated."""
        self._closed = True
        self._transport.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce(type(self), self._endpoint)

    def __enter__(self) -> "HttpPublisher":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
