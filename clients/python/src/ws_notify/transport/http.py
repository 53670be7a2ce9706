"""The blocking transport over HTTP: requests on `http.client`, whose connections are kept."""

import contextlib
import functools
import http.client
import os
import ssl
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from ws_notify.bounded_call import call_with_timeout
from ws_notify.core.http_answer import MAX_BODY, HttpAnswer
from ws_notify.exceptions import ConfigurationError, WsNotifyError
from ws_notify.http_endpoint import HttpEndpoint
from ws_notify.transport.exchange import Exchange
from ws_notify.transport.http_errors import map_http_exception
from ws_notify.transport.http_proxy import authorization

MAX_IDLE = 30.0
"""Seconds that an idle connection is kept: what is between may forget it without a word."""

_GRACE = 1.0

_FAILURES = (OSError, http.client.HTTPException, UnicodeError)
"""UnicodeError is of a host name that no DNS may hold."""

FetchToken = Callable[[], str | None]


class HttpTransport:
    """Sends requests, each over an idle connection or a new one. Threads may share it."""

    def __init__(self, endpoint: HttpEndpoint) -> None:
        self._endpoint = endpoint
        self._closed = False
        self._tls: ssl.SSLContext | None = None
        self._fresh()

    def _fresh(self) -> None:
        self._idle: deque[tuple[http.client.HTTPConnection, float]] = deque()
        self._exchanges: set[Exchange] = set()
        self._process = os.getpid()  # last: another thread that sees it uses the rest

    def _check_process(self) -> None:
        if self._process != os.getpid():
            self._fresh()  # what was kept is the parent's

    def post(
        self, path: str, body: bytes, fetch: FetchToken, timeout: float
    ) -> HttpAnswer | WsNotifyError | None:
        """Send a request; return its answer, the error for none, or None after `timeout` seconds.

        Fetching the token counts. After silence nothing that is idle is used again: the network
        may have forgotten all of it.
        """
        self._check_process()
        exchange = Exchange()
        self._exchanges.add(exchange)
        post = functools.partial(self._post, exchange, path, body, fetch, timeout + _GRACE)
        try:
            answer = call_with_timeout(timeout, post)
        finally:
            self._exchanges.discard(exchange)
            exchange.end()
        if answer is None:
            self._close_idle()
        return answer

    def _post(
        self, exchange: Exchange, path: str, body: bytes, fetch: FetchToken, timeout: float
    ) -> HttpAnswer | WsNotifyError:
        """Send a request, where a connection that was closed while it was idle is replaced at once.

        A publish has an `id`, so sending it twice is safe.
        """
        proxy = token = None
        try:
            token = fetch()
            proxy = _parts(self._endpoint.proxy_url())
            request = self._request(proxy, path, body, token)
            if kept := self._take():
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    kept.sock.settimeout(timeout)
                    return self._exchange(exchange, kept, request)
            return self._exchange(exchange, self._connection(proxy, timeout), request)
        except _FAILURES as error:
            return map_http_exception(error, token, proxy.password if proxy else None)
        except WsNotifyError as error:
            return error

    def close(self) -> None:
        """Close what is idle, end what is under way, and keep nothing any more."""
        self._closed = True
        self._check_process()
        for each in list(self._exchanges):
            each.end()
        self._close_idle()

    def _close_idle(self) -> None:
        while kept := self._take():
            kept.close()

    def _take(self) -> http.client.HTTPConnection | None:
        with contextlib.suppress(IndexError):
            while True:
                connection, since = self._idle.pop()
                if time.monotonic() - since < MAX_IDLE:
                    return connection
                connection.close()
        return None

    def _connection(self, proxy: SplitResult | None, timeout: float) -> http.client.HTTPConnection:
        there = self._endpoint
        host, port = there.host, there.port
        if proxy:
            if proxy.scheme != "http":
                raise ConfigurationError(
                    "HttpPublisher goes through proxies of http:// alone, not of "
                    f"{proxy.scheme}://. Pass proxy= with one, or proxy=None"
                )
            host, port = proxy.hostname or "", proxy.port or 80
        if not there.secure:
            return http.client.HTTPConnection(host, port, timeout=timeout)
        self._tls = self._tls or ssl.create_default_context()
        secure = http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls)
        if proxy:
            secure.set_tunnel(there.host, there.port, headers=authorization(proxy))
        return secure

    def _request(
        self, proxy: SplitResult | None, path: str, body: bytes, token: str | None
    ) -> tuple[str, str, bytes, dict[str, str]]:
        target, headers = self._endpoint.parts.path + path, self._endpoint.headers(token)
        if proxy and not self._endpoint.secure:
            target = self._endpoint.url + path
            headers |= authorization(proxy)
        return "POST", target, body, headers

    def _exchange(
        self,
        exchange: Exchange,
        connection: http.client.HTTPConnection,
        request: tuple[str, str, bytes, dict[str, str]],
    ) -> HttpAnswer:
        try:
            exchange.begin(connection.sock)
            if connection.sock is None:
                connection.connect()
                exchange.begin(connection.sock)
            connection.request(*request)
            response = connection.getresponse()
            received = response.read(MAX_BODY)
        except BaseException:
            connection.close()
            raise
        if exchange.release() and response.isclosed() and connection.sock and not self._closed:
            self._idle.append((connection, time.monotonic()))
        else:
            connection.close()
        found = response.getheader
        return HttpAnswer(response.status, received, found("Retry-After"), found("Date"))


def _parts(proxy: str | None) -> SplitResult | None:
    return urlsplit(proxy) if proxy else None
