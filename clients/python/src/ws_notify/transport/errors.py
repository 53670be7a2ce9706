"""Exception mapping: errors of `websockets`, of the network and of a token function as ours."""

import logging

from websockets.exceptions import ConnectionClosed, InvalidStatus

from ws_notify.exceptions import ConnectionLostError, HandshakeError, TokenError, WsNotifyError

_log = logging.getLogger("ws_notify")


def map_exception(error: Exception) -> WsNotifyError:
    """Return an error of `websockets` or of the network as a WsNotifyError, with its cause."""
    if isinstance(error, WsNotifyError):
        return error
    mapped = _mapped(error)
    mapped.__cause__ = error
    return mapped


def _mapped(error: Exception) -> WsNotifyError:
    if isinstance(error, InvalidStatus):
        return HandshakeError(error.response.status_code)
    if isinstance(error, ConnectionClosed):
        close = error.rcvd
        reason = f"with {close.code} {close.reason}".rstrip() if close else "without a close frame"
        return ConnectionLostError(
            f"The connection was closed {reason}", close.code if close else None
        )
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    return ConnectionLostError(f"The connection could not be opened: {text}")


def validate_token(token: object) -> str | None:
    """Return what a token function returned. Raises TokenError."""
    if token is None or (isinstance(token, str) and token):
        return token
    raise TokenError(f"The token must be a string, not {type(token).__name__}")


def token_error(error: Exception) -> TokenError:
    """Return the exception of a token function as a TokenError, with its cause."""
    mapped = TokenError(f"The token function failed: {type(error).__name__}: {error}")
    mapped.__cause__ = error
    return mapped


def log_loss(error: WsNotifyError) -> None:
    """Log a lost connection, at level INFO where the service closed it, as it does when idle."""
    closed = isinstance(error, ConnectionLostError) and error.close_code
    _log.log(logging.INFO if closed else logging.WARNING, "connection lost: %s", error)
