"""The layers beneath a WebSocket and HTTP, one by one: name resolution, TCP, TLS."""

import contextlib
import socket
import ssl
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.uri import parse_uri

from ws_notify.cli.stage import HTTP_URL
from ws_notify.http_endpoint import HttpEndpoint
from ws_notify.loopback import is_loopback

_CONNECT_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect; `proxied`: it is the proxy that the environment names."""

    host: str
    port: int
    secure: bool
    proxied: bool = False
    output: str = "WebsocketConnectEndpointURL"
    """The stack's output that has the URL."""


def target_of(url: str) -> Target:
    """Return where a connection to this URL goes first."""
    uri = parse_uri(url)
    proxy = _proxy(uri.host, uri.port, secure=uri.secure)
    return _proxied(proxy) if proxy else Target(uri.host, uri.port, uri.secure)


def target_of_http(endpoint: HttpEndpoint) -> Target:
    """Return where a request goes first."""
    if proxy := endpoint.proxy_url():
        return _proxied(proxy)
    return Target(endpoint.host, endpoint.port, endpoint.secure, output=HTTP_URL)


def _proxied(proxy: str) -> Target:
    there = urlsplit(proxy)
    port = there.port or (443 if there.scheme == "https" else 80)
    return Target(there.hostname or "", port, secure=False, proxied=True)


def _proxy(host: str, port: int, *, secure: bool) -> str | None:
    """Choose as `websockets` does, whose own function moved between its versions."""
    if is_loopback(host) or urllib.request.proxy_bypass(f"{host}:{port}"):
        return None
    proxies = urllib.request.getproxies()
    schemes = ("wss", "socks", "https") if secure else ("ws", "socks", "https", "http")
    return next((proxies[scheme] for scheme in schemes if scheme in proxies), None)


def resolve(target: Target) -> list[str]:
    """Return the IP addresses of the name. Raises OSError."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def reach(target: Target, addresses: list[str]) -> socket.socket:
    """Connect to the first address that accepts. Raises the last OSError."""
    last: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, target.port), _CONNECT_TIMEOUT)
        except OSError as error:  # noqa: PERF203 - the next one is tried
            last = error
    raise last or OSError("the name has no address")


def secure(connection: socket.socket, target: Target) -> str:
    """Start TLS on a connection; return its version. Raises OSError, of which SSLError is one."""
    context = ssl.create_default_context()
    tls = context.wrap_socket(connection, server_hostname=target.host)
    with contextlib.closing(tls):
        return tls.version() or "TLS"
