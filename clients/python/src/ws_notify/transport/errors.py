"""Exception mapping: errors of `websockets`, of the network and of a token function as ours."""

import logging
import ssl
from collections.abc import Iterable

from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
    SecurityError,
)

from ws_notify.credentials import clean_token, redact
from ws_notify.exceptions import (
    ConfigurationError,
    ConnectionLostError,
    HandshakeError,
    TokenError,
    WsNotifyError,
)

_log = logging.getLogger("ws_notify")

_PROXY_REFUSALS = frozenset({403, 407})


def map_exception(error: Exception, secrets: Iterable[str | None] = ()) -> WsNotifyError:
    """Return an error of `websockets` or of the network as a WsNotifyError, with its cause.

    `secrets` are left out of its text; and the cause, where its own text holds one.
    """
    if isinstance(error, WsNotifyError):
        return error
    secrets = list(secrets)
    mapped = _mapped(error, secrets)
    shown = f"{error} {error!r}"
    # The text of an invalid proxy may hold a password.
    if not _is_of_proxy(error) and not any(each and each in shown for each in secrets):
        mapped.__cause__ = error
    return mapped


def _mapped(error: Exception, secrets: list[str | None]) -> WsNotifyError:
    if isinstance(error, InvalidStatus):
        return HandshakeError(error.response.status_code)
    if isinstance(error, ConnectionClosed):
        close = error.rcvd
        reason = f"with {close.code} {close.reason}".rstrip() if close else "without a close frame"
        return ConnectionLostError(
            f"The connection was closed {redact(reason, *secrets)}", close.code if close else None
        )
    if remedy := _remedy(error):
        return ConfigurationError(f"No connection can be opened: {remedy}")
    text = redact(f"{type(error).__name__}: {error}".rstrip(": "), *secrets)
    return ConnectionLostError(f"The connection could not be opened: {text}")


def _remedy(error: Exception) -> str | None:
    """Say what is wrong and what to do, if another attempt is useless."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate is not trusted ({error.verify_message.rstrip('.')}). Is it the name "
            "of the URL? Set SSL_CERT_FILE to the authority's certificate, e.g. that of a proxy "
            "that intercepts TLS"
        )
    if isinstance(error, ImportError):
        return (
            f"{error}. The environment (HTTPS_PROXY, SOCKS_PROXY) or `proxy=` names a SOCKS proxy: "
            "pip install 'python-socks[asyncio]', or pass proxy=None"
        )
    if _is_of_proxy(error):  # without its text, which may hold a password
        return "the proxy's URL is invalid. Correct `proxy=` or HTTPS_PROXY, or pass proxy=None"
    if isinstance(error, InvalidProxyStatus) and error.response.status_code in _PROXY_REFUSALS:
        return (
            f"the proxy refused with HTTP {error.response.status_code}. Its name and password "
            "belong in its URL, `proxy=` or HTTPS_PROXY; or pass proxy=None"
        )
    if isinstance(error, InvalidURI | SecurityError):
        return (
            "the service redirects to what is not a WebSocket URL, in a circle, or away from TLS. "
            "Correct the URL"
        )
    return None


def _is_of_proxy(error: Exception) -> bool:
    """Tell whether a proxy's URL is invalid; its host and port are a ValueError of `urlsplit`."""
    parts = type(error) is ValueError and str(error).startswith(("Port ", "Invalid IPv6"))
    return parts or isinstance(error, InvalidProxy)


def validate_token(token: object) -> str | None:
    """Return what a token function returned, as a header holds it. Raises TokenError, final."""
    try:
        text = clean_token(token)
    except (TypeError, ValueError) as error:
        raise TokenError(str(error), retryable=False) from None
    if text is None and token is not None:
        raise TokenError("The token function returned an empty token", retryable=False)
    return text


def token_error(error: Exception) -> TokenError:
    """Return the exception of a token function as a TokenError, with its cause.

    Its text names only the type: that of a function for tokens may hold one.
    """
    mapped = TokenError(f"The token function raised {type(error).__name__}, which is the cause")
    mapped.__cause__ = error
    return mapped


def log_loss(error: WsNotifyError) -> None:
    """Log a lost connection, at level INFO where the service closed it, as it does when idle."""
    closed = isinstance(error, ConnectionLostError) and error.close_code
    _log.log(logging.INFO if closed else logging.WARNING, "connection lost: %s", error)
