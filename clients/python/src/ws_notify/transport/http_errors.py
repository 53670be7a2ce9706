"""Exception mapping: errors of `http.client`, of `httpx` and of the network as ours."""

import re
import ssl
from collections.abc import Iterator

from ws_notify.credentials import redact
from ws_notify.exceptions import ConfigurationError, ConnectionLostError, WsNotifyError
from ws_notify.transport.errors import map_exception

_PROXY_REFUSED = re.compile(r"(?:Tunnel connection failed: )?(403|407)\b")
"""How `http.client` and `httpx` begin the text of an error by which a proxy refuses."""


def map_http_exception(
    error: Exception, token: str | None, password: str | None = None
) -> WsNotifyError:
    """Return an error of a request as a WsNotifyError, with its cause.

    The token, and the password of a proxy, are left out of its text; and the cause, where its own
    text holds one.
    """
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return map_exception(each, [token])
    secrets = [token, password]
    mapped = _mapped(error, secrets)
    if not any(secret and secret in f"{error} {error!r}" for secret in secrets):
        mapped.__cause__ = error
    return mapped


def _mapped(error: Exception, secrets: list[str | None]) -> WsNotifyError:
    if refused := _PROXY_REFUSED.match(str(error)):
        return ConfigurationError(
            f"No connection can be opened: the proxy refused with HTTP {refused[1]}. Its name and "
            "password belong in its URL, `proxy=` or HTTPS_PROXY; or pass proxy=None"
        )
    text = redact(f"{type(error).__name__}: {error}".rstrip(": "), *secrets)
    return ConnectionLostError(f"No answer of the service: {text}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
