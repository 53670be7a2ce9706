"""Where to connect, as whom, and what an attempt that failed means."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI
from websockets.uri import parse_uri

from ws_notify.exceptions import ConnectionLostError, HandshakeError, TokenError, WsNotifyError
from ws_notify.timing import Timing

_log = logging.getLogger("ws_notify")

# `websockets` logs headers and messages at level DEBUG: tokens, and what customers are told.
_wire = logging.getLogger("ws_notify.wire")
_wire.setLevel(logging.INFO)

TokenFunction = Callable[[], str]
AsyncTokenFunction = Callable[[], str | Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Address:
    """A stage's address and the token, or the function that fetches one before each connect.

    Raises ValueError for what is no WebSocket address.
    """

    url: str = field(repr=False)  # its query may hold a token
    token: str | AsyncTokenFunction | None = field(repr=False)
    timing: Timing

    def __post_init__(self) -> None:
        """Find a wrong address before anything is tried."""
        try:
            parse_uri(self.url)
        except InvalidURI:
            shown = self.url.partition("?")[0]
            raise ValueError(f"No address of a stage (wss://...): {shown!r}") from None

    @property
    def renewable(self) -> bool:
        """Whether a refused token may be followed by another one."""
        return callable(self.token)

    def arguments(self, token: str | None) -> dict[str, Any]:
        """Return what both kinds of `websockets` clients are called with."""
        return {
            "uri": self.url,
            "additional_headers": {"Authorization": f"Bearer {token}"} if token else None,
            "compression": None,
            "open_timeout": self.timing.handshake,
            "close_timeout": self.timing.closing,
            "ping_interval": self.timing.ping,
            "ping_timeout": self.timing.ping,
            "logger": _wire,
        }


def checked_token(token: object) -> str | None:
    """Return what a token function returned. Raises TokenError."""
    if token is None or (isinstance(token, str) and token):
        return token
    raise TokenError(f"The token must be a string, not {type(token).__name__}")


def token_failed(error: Exception) -> TokenError:
    """Say that the token function raised."""
    failure = TokenError(f"The token function failed: {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure


def failure_of(error: Exception) -> WsNotifyError:
    """Return an error of `websockets` or of the network as one of ours."""
    if isinstance(error, WsNotifyError):
        return error
    failure: WsNotifyError
    if isinstance(error, InvalidStatus):
        failure = HandshakeError(error.response.status_code)
    elif isinstance(error, ConnectionClosed):
        close = error.rcvd
        said = f"with {close.code} {close.reason}".rstrip() if close else "without a farewell"
        failure = ConnectionLostError(
            f"The connection was closed {said}", close.code if close else None
        )
    else:
        text = f"{type(error).__name__}: {error}".rstrip(": ")
        failure = ConnectionLostError(f"The connection could not be made: {text}")
    failure.__cause__ = error
    return failure


def log_loss(error: WsNotifyError) -> None:
    """Log that a connection ended, at level INFO where the service closed it: it does so, idle."""
    closed = isinstance(error, ConnectionLostError) and error.close_code
    _log.log(logging.INFO if closed else logging.WARNING, "connection lost: %s", error)


_LARGEST_FRAME = 32_000
_CHARACTERS = 8_000
"""At most 4 bytes each."""


def pieces(text: str) -> str | list[str]:
    """Cut a message for API Gateway, which closes with 1009 on a frame over 32 KiB."""
    if len(text.encode()) <= _LARGEST_FRAME:
        return text
    return [text[at : at + _CHARACTERS] for at in range(0, len(text), _CHARACTERS)]
