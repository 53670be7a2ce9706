"""The URL of a stage, the token to connect with, and how its connections are opened."""

import functools
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from websockets.exceptions import InvalidURI
from websockets.uri import parse_uri

from ws_notify.credentials import clean_token
from ws_notify.loopback import is_loopback
from ws_notify.timeouts import Timeouts

# `websockets` logs headers and messages at level DEBUG: tokens, and the messages to customers. Not
# by `getLogger`, so that no configuration of a program turns that on.
_wire = logging.Logger("ws_notify.wire", logging.INFO)  # noqa: LOG001 - on purpose
_wire.parent = logging.getLogger("ws_notify")

TokenFunction = Callable[[], str | bytes]
AsyncTokenFunction = Callable[[], str | bytes | Awaitable[str | bytes]]
Proxy = str | Literal[True] | None
"""A proxy's URL, True for the one that the environment names, None for none."""

_PROXIES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The URL of a stage, and the token or the function that fetches one before each connect.

    Raises ValueError for an invalid WebSocket URL, an invalid proxy, and a token that no header
    may hold; TypeError for values of another type.
    """

    url: str = field(repr=False)  # its query may hold a token
    token: str | bytes | AsyncTokenFunction | None = field(repr=False)
    timeouts: Timeouts
    proxy: Proxy = field(default=True, repr=False)  # its URL may hold a password

    def __post_init__(self) -> None:
        """Validate before anything connects."""
        object.__setattr__(self, "url", clean_url(self.url))
        try:
            parse_uri(self.url)
        except (InvalidURI, ValueError):  # the latter: of a port that is not a number
            shown = showable(self.url)
            scheme = shown.partition(":")[0]
            other = f"; {scheme}:// is for HttpPublisher, and for --http" * scheme.startswith(
                "http"
            )
            raise ValueError(
                f"Not the URL of a stage (wss://...): {shown!r}{other}"
                if shown
                else "Not the URL of a stage, which begins with wss:// and the name of a host"
            ) from None
        if not callable(self.token):
            object.__setattr__(self, "token", clean_token(self.token))
        check_proxy(self.proxy)

    @property
    def secure(self) -> bool:
        """Whether it is TLS."""
        return parse_uri(self.url).secure

    @property
    def renewable(self) -> bool:
        """Whether a rejected token may be followed by another one."""
        return callable(self.token)

    @property
    def url_tokens(self) -> list[str]:
        """What the URL's query holds: one of it may be a token."""
        return [value for _, value in parse_qsl(urlsplit(self.url).query)]

    def connect_arguments(self, token: str | None) -> dict[str, Any]:
        """Return the arguments of `connect`, the same for both kinds of `websockets` clients."""
        # A proxy of the environment cannot reach this machine's own addresses.
        local = self.proxy is True and is_loopback(parse_uri(self.url).host)
        return {
            "uri": self.url,
            "additional_headers": {"Authorization": f"Bearer {token}"} if token else None,
            "compression": None,
            "proxy": None if local else self.proxy,
            "open_timeout": self.timeouts.handshake,
            "close_timeout": self.timeouts.closing,
            "ping_interval": self.timeouts.ping,
            "ping_timeout": self.timeouts.ping,
            "logger": _wire,
        }


def clean_url(url: object) -> str:
    """Return a URL without white space around it. Raises TypeError, e.g. for a missing variable."""
    if not isinstance(url, str):
        raise TypeError(f"The URL must be a string, not {type(url).__name__}")
    return url.strip()


def showable(url: str) -> str:
    """Return the scheme and host of an invalid URL, "" where they may be or hold a secret.

    It may be a token, as after the arguments were mixed up, or hold a password.
    """
    found = re.match(r"([A-Za-z]{2,5}://[A-Za-z0-9.-]*)(:[0-9]+)?(?=[/?#]|$)", url)
    return found[1] if found else ""


def reduce(client: type, endpoint: Any) -> tuple[Any, ...]:
    """Return what `__reduce__` of a client does: pickled for another process, it is a new one.

    `endpoint` is an Endpoint or an HttpEndpoint. `multiprocessing` pickles what it hands over.
    """
    options: dict[str, Any] = {"token": endpoint.token, "timeouts": endpoint.timeouts}
    return functools.partial(client, endpoint.url, proxy=endpoint.proxy, **options), ()


def check_proxy(proxy: object) -> None:
    """Raise TypeError, ValueError for what is not a proxy, without its text."""
    if proxy is True or proxy is None:
        return
    if not isinstance(proxy, str):
        raise TypeError(f"proxy must be a URL, True or None, not {type(proxy).__name__}")
    try:
        parts = urlsplit(proxy)
        valid = parts.scheme in _PROXIES and parts.hostname and parts.port != 0
    except ValueError:  # whose text may hold a password
        valid = False
    if not valid:
        raise ValueError("Not the URL of a proxy: http://host:port, https:// or socks5h://")
