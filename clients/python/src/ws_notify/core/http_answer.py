"""The answers of `POST /publish`, read by the table of statuses in the protocol."""

from dataclasses import dataclass

from ws_notify.core import frames
from ws_notify.exceptions import (
    ConfigurationError,
    ConnectionLostError,
    HandshakeError,
    RefusedError,
    WsNotifyError,
)
from ws_notify.values import Receipt

_OK, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE, _TOO_MANY = 200, 403, 404, 413, 429
_SERVERS_FAULT = 500

MAX_BODY = 1024 * 1024
"""Bytes: a receipt has a few hundred. What is longer is not the service's."""

_DENIED = (
    "The stage's authorizer denies the token: it must be signed with a key of this stage, not "
    "expired, and last at most 24 hours. Or something before the service, such as a proxy, refused"
)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer as received; `retry_after` and `date` are the headers' texts."""

    status: int
    body: bytes
    retry_after: str | None = None
    date: str | None = None

    @property
    def wait(self) -> float:
        """Seconds to wait at least; 0 where the service does not say, or names a date."""
        text = (self.retry_after or "").strip()
        return float(text) if text.isascii() and text.isdigit() else 0.0

    @property
    def text(self) -> str:
        """The body."""
        return self.body.decode(errors="replace")

    def read(self, id_: str) -> Receipt | WsNotifyError:
        """Return the receipt of this `id`, or the error that it is."""
        frame = frames.read(self.text)
        if isinstance(frame, Receipt) and self.status == _OK and frame.id == id_:
            return frame
        return self.error()

    def error(self) -> WsNotifyError:
        """Return the error that it is, where it is not what was asked for.

        One of the status 429, or from 500, is `retryable` whatever its frame says.
        """
        frame = frames.read(self.text)
        if isinstance(frame, RefusedError):
            frame.retryable = frame.retryable or self._transient
            return frame
        return self._without_frame()

    @property
    def _transient(self) -> bool:
        return self.status == _TOO_MANY or self.status >= _SERVERS_FAULT

    def _without_frame(self) -> WsNotifyError:
        if self.status == _OK:
            return ConnectionLostError(
                "The answer, HTTP 200, is not what was asked for: the URL may be that of something "
                "else, or a proxy may have answered"
            )
        if self.status == _NOT_FOUND:
            return ConfigurationError(
                "The URL is not that of a stage (HTTP 404): pass the stack's output "
                "HttpEndpointURL as it is"
            )
        if self.status == _TOO_LARGE:
            return RefusedError("The notification is too large", code="too_large")
        remedy = _DENIED if self.status == _FORBIDDEN else None
        return HandshakeError(self.status, refused="the request", remedy=remedy)
