"""The blocking transport over HTTP: requests on `http.client`, whose connections are kept."""

import base64
import contextlib
import http.client
import os
import ssl
import time
from collections import deque
from urllib.parse import SplitResult, unquote, urlsplit

from ws_notify.core.http_answer import HttpAnswer
from ws_notify.exceptions import ConfigurationError, WsNotifyError
from ws_notify.http_endpoint import HttpEndpoint
from ws_notify.transport.http_errors import map_http_exception

MAX_IDLE = 30.0
"""Seconds that an idle connection is kept: what is between may forget it without a word."""

_GRACE = 1.0
_MAX_BODY = 1024 * 1024
"""Bytes: a receipt has a few hundred. What is longer is not the service's."""

_FAILURES = (OSError, http.client.HTTPException, UnicodeError)
"""UnicodeError is of a host name that no DNS may hold."""


class HttpTransport:
    """Sends requests, each over an idle connection or a new one. Threads may share it."""

    def __init__(self, endpoint: HttpEndpoint) -> None:
        self._endpoint = endpoint
        self._closed = False
        self._tls: ssl.SSLContext | None = None
        self._fresh()

    def _fresh(self) -> None:
        self._idle: deque[tuple[http.client.HTTPConnection, float]] = deque()
        self._process = os.getpid()  # last: another thread that sees it uses the rest

    def post(
        self, path: str, body: bytes, token: str | None, timeout: float
    ) -> HttpAnswer | WsNotifyError:
        """Send a request; return its answer, or the error for none.

        The caller bounds it by `timeout`; soon after, the socket ends a request left behind.

        A connection that the other side closed while it was idle is replaced at once: a publish
        has an `id`, so sending it twice is safe.
        """
        proxy = None
        try:
            proxy = _parts(self._endpoint.proxy_url())
            if kept := self._take():
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    kept.sock.settimeout(timeout + _GRACE)
                    return self._exchange(kept, proxy, path, body, token)
            made = self._connection(proxy, timeout + _GRACE)
            return self._exchange(made, proxy, path, body, token)
        except _FAILURES as error:
            return map_http_exception(error, token, proxy.password if proxy else None)
        except ConfigurationError as error:
            return error

    def close(self) -> None:
        """Close what is idle, and keep nothing any more."""
        self._closed = True
        while kept := self._take():
            kept.close()

    def _take(self) -> http.client.HTTPConnection | None:
        if self._process != os.getpid():
            self._fresh()  # what was kept is the parent's
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
            secure.set_tunnel(there.host, there.port, headers=_authorization(proxy))
        return secure

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        proxy: SplitResult | None,
        path: str,
        body: bytes,
        token: str | None,
    ) -> HttpAnswer:
        target, headers = self._endpoint.parts.path + path, self._endpoint.headers(token)
        if proxy and not self._endpoint.secure:
            target = self._endpoint.url + path
            headers |= _authorization(proxy)
        try:
            connection.request("POST", target, body, headers)
            response = connection.getresponse()
            received = response.read(_MAX_BODY)
        except BaseException:
            connection.close()
            raise
        if response.isclosed() and connection.sock and not self._closed:
            self._idle.append((connection, time.monotonic()))
        else:
            connection.close()
        return HttpAnswer(response.status, received, response.getheader("Retry-After"))


def _parts(proxy: str | None) -> SplitResult | None:
    return urlsplit(proxy) if proxy else None


def _authorization(proxy: SplitResult) -> dict[str, str]:
    """Return the header for the name and password in the URL of a proxy."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
