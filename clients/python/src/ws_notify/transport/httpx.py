"""The asynchronous transport over HTTP: requests on `httpx`. Extra `[httpx]`. For one loop."""

import importlib.util
import ssl
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ws_notify.core.http_answer import MAX_BODY, HttpAnswer
from ws_notify.exceptions import ConfigurationError, WsNotifyError
from ws_notify.http_endpoint import HttpEndpoint
from ws_notify.transport.http import MAX_IDLE
from ws_notify.transport.http_errors import map_http_exception

if TYPE_CHECKING:
    import httpx


def check_installed() -> None:
    """Raise ConfigurationError where `httpx` is missing."""
    try:
        import httpx  # noqa: F401, PLC0415 - the extra [httpx]
    except ImportError:
        raise ConfigurationError(
            "AsyncHttpPublisher needs httpx: pip install 'ws-notify[httpx]'"
        ) from None


class HttpxTransport:
    """Sends requests, each over an idle connection or a new one."""

    def __init__(self, endpoint: HttpEndpoint) -> None:
        self._endpoint = endpoint
        self._client: httpx.AsyncClient | None = None
        self._lifetime: AsyncGenerator[None, None] | None = None
        self._tls: ssl.SSLContext | None = None

    async def post(
        self, path: str, body: bytes, token: str | None, *, fresh: bool
    ) -> HttpAnswer | WsNotifyError:
        """Send a request; return its answer, or the error for none. The caller bounds it.

        `fresh`: over a connection of its own, since the network may have forgotten what is idle.
        """
        import httpx  # noqa: PLC0415 - the extra [httpx]

        proxy = None
        try:
            proxy = self._endpoint.proxy_url()
            if fresh:
                async with self._make_client(proxy) as client:
                    return await self._exchange(client, path, body, token)
            return await self._exchange(self._client or await self._open(proxy), path, body, token)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return map_http_exception(error, token, urlsplit(proxy or "").password)
        except ConfigurationError as error:
            return error

    async def _exchange(
        self, client: "httpx.AsyncClient", path: str, body: bytes, token: str | None
    ) -> HttpAnswer:
        """Not more than MAX_BODY is read, nor decoded: what is longer is not the service's."""
        url, headers = self._endpoint.url + path, self._endpoint.headers(token)
        received = b""
        async with client.stream("POST", url, content=body, headers=headers) as response:
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > MAX_BODY:
                    break
        found = response.headers.get
        return HttpAnswer(response.status_code, received, found("Retry-After"), found("Date"))

    async def _open(self, proxy: str | None) -> "httpx.AsyncClient":
        client = self._client = self._make_client(proxy)
        self._lifetime = _closed_with_the_loop(client)
        await anext(self._lifetime)
        return client

    def _make_client(self, proxy: str | None) -> "httpx.AsyncClient":
        import httpx  # noqa: PLC0415 - the extra [httpx]

        _check_proxy(proxy)
        # The authorities that this machine trusts, as in the rest of the package.
        self._tls = self._tls or ssl.create_default_context()
        return httpx.AsyncClient(
            verify=self._tls,
            proxy=proxy,
            # Without the environment: a .netrc would replace the token, and its proxies would be
            # asked for loopback, too.
            trust_env=False,
            timeout=None,  # noqa: S113 - the caller bounds it
            limits=httpx.Limits(keepalive_expiry=MAX_IDLE),
        )

    async def close(self) -> None:
        """Close its connections."""
        lifetime, self._lifetime, self._client = self._lifetime, None, None
        if lifetime:
            await lifetime.aclose()


async def _closed_with_the_loop(client: "httpx.AsyncClient") -> AsyncGenerator[None, None]:
    """Close a client when this generator is closed: by `close`, or by its loop when that ends.

    https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.shutdown_asyncgens
    """
    try:
        yield
    finally:
        await client.aclose()


def _check_proxy(proxy: str | None) -> None:
    """Raise ConfigurationError for a proxy that httpx cannot use, without its password."""
    scheme = urlsplit(proxy or "").scheme
    if scheme in ("", "http", "https"):
        return
    if scheme not in ("socks5", "socks5h") or not importlib.util.find_spec("socksio"):
        raise ConfigurationError(
            f"The proxy of `proxy=` or the environment (ALL_PROXY, HTTPS_PROXY) is one of "
            f"{scheme}://. AsyncHttpPublisher goes through http:// and https://, and through "
            "socks5:// after pip install 'httpx[socks]'; or pass proxy=None"
        )
