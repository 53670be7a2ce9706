"""The URL of a stage, the token to connect with, and the timeouts of its connections."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import InvalidURI
from websockets.uri import parse_uri

from ws_notify.timeouts import Timeouts

# `websockets` logs headers and messages at level DEBUG: tokens, and the messages to customers.
_wire = logging.getLogger("ws_notify.wire")
_wire.setLevel(logging.INFO)

TokenFunction = Callable[[], str]
AsyncTokenFunction = Callable[[], str | Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The URL of a stage and the token, or the function that fetches one before each connect.

    Raises ValueError for an invalid WebSocket URL.
    """

    url: str = field(repr=False)  # its query may hold a token
    token: str | AsyncTokenFunction | None = field(repr=False)
    timeouts: Timeouts

    def __post_init__(self) -> None:
        """Validate the URL before anything connects."""
        try:
            parse_uri(self.url)
        except InvalidURI:
            shown = self.url.partition("?")[0]
            raise ValueError(f"Not the URL of a stage (wss://...): {shown!r}") from None

    @property
    def renewable(self) -> bool:
        """Whether a rejected token may be followed by another one."""
        return callable(self.token)

    def connect_arguments(self, token: str | None) -> dict[str, Any]:
        """Return the arguments of `connect`, the same for both kinds of `websockets` clients."""
        return {
            "uri": self.url,
            "additional_headers": {"Authorization": f"Bearer {token}"} if token else None,
            "compression": None,
            "open_timeout": self.timeouts.handshake,
            "close_timeout": self.timeouts.closing,
            "ping_interval": self.timeouts.ping,
            "ping_timeout": self.timeouts.ping,
            "logger": _wire,
        }
