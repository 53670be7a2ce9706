"""The exceptions of this package.

WsNotifyError
├── RefusedError           the service refused a frame; `retryable`: not for good
├── HandshakeError         the service refused the connection, or over HTTPS the request;
│                          `status` is HTTP's
├── ConnectionLostError    a connection ended or fell silent; `close_code` is WebSocket's
├── TokenError             the token function raised; its error is the cause
│   └── KeysError          the keys to sign with could not be read, or the secret is wrong
├── ConfigurationError     no connection can be opened as things are set up here
├── DeadlineError          a publish got no receipt in time; `id` makes another try safe
└── ClosedError            the client was closed before

Each carries `code`, `field`, `retryable` and `request_id`; None where it does not apply.
"""

import copyreg
from typing import Any


class WsNotifyError(Exception):
    """The base of everything that this package raises on purpose.

    `retryable`: the same call may succeed later. `request_id` finds the rejected request in
    the service's logs.
    """

    code: str = "error"
    field: str | None = None
    retryable: bool = False
    request_id: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be pickled between processes, as by a task queue: copied, not constructed anew."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined] # typeshed leaves it out


class RefusedError(WsNotifyError):
    """An `error` frame. `code` is the protocol's, or of AWS; `field` is the invalid one."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        field: str | None = None,
        retryable: bool = False,
        request_id: str | None = None,
    ) -> None:
        self.message = message
        self.code = code
        self.field = field
        self.retryable = retryable
        self.request_id = request_id
        named = f" (request {request_id})" if request_id else ""
        super().__init__(f"{code}: {message}{named}")


_REMEDIES = {
    401: "The token is missing or invalid: it must be signed with a key of this stage, and not "
    "expired, and last at most 24 hours. Pass `token=`, best as a function that fetches a new one",
    403: "Check the URL: a path segment after the stage is rejected, so is a stage that does "
    "not exist, and a page whose Origin the stage does not list",
}
_AGAIN = frozenset({408, 425, 429})
_SERVERS_FAULT = 500


class HandshakeError(WsNotifyError):
    """The handshake was answered with an HTTP `status` other than 101.

    Over HTTPS, where nothing is kept open: a request was answered without a frame.
    """

    code = "handshake_refused"

    def __init__(
        self, status: int, *, refused: str = "the connection", remedy: str | None = None
    ) -> None:
        self.status = status
        self.retryable: bool = status in _AGAIN or status >= _SERVERS_FAULT
        remedy = remedy or _REMEDIES.get(status, "Is this the URL of the service?")
        text = "It may be transient" if self.retryable else remedy
        super().__init__(f"The service refused {refused} with HTTP {status}. {text}")


class ConnectionLostError(WsNotifyError):
    """A connection was not opened, was closed, or fell silent; `close_code` may be None."""

    code = "connection_lost"
    retryable = True

    def __init__(self, message: str, close_code: int | None = None) -> None:
        self.close_code = close_code
        super().__init__(message)


class TokenError(WsNotifyError):
    """The token function raised; or, not retryable, it did not return what a header may hold."""

    code = "no_token"

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        self.retryable = retryable
        super().__init__(message)


class ConfigurationError(WsNotifyError):
    """No connection can be opened, however often it is tried: a certificate, a proxy, a package."""

    code = "configuration"


class KeysError(TokenError):
    """The keys could not be read (`retryable`), or the secret does not hold what it should.

    The text names what to do, and holds nothing of a key.
    """

    code = "no_keys"

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message, retryable=retryable)


class DeadlineError(WsNotifyError):
    """A publish got no receipt within its deadline: it may be stored or not.

    Publishing it again with this `id` is safe: it is stored once.
    """

    code = "deadline"
    retryable = True

    def __init__(self, id_: str, deadline: float, last: WsNotifyError | None) -> None:
        self.id = id_
        self.request_id: str | None = last.request_id if last else None
        reason = f"; the last try: {last}" if last else ""
        limit = f"{round(deadline, 1):g} s"
        super().__init__(f"No receipt within {limit}{reason}. Try again with id={id_!r}")


class ClosedError(WsNotifyError):
    """The client was closed, and cannot be used any more."""

    code = "closed"
