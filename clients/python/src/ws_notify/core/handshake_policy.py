"""Which failure to connect is final."""

from ws_notify.exceptions import HandshakeError, WsNotifyError

_UNAUTHORIZED = 401


class HandshakePolicy:
    """`renewable`: a function provides tokens, so a 401 is retried once with a fresh token."""

    def __init__(self, *, renewable: bool) -> None:
        self._renewable = renewable
        self._retry_left = renewable

    def opened(self) -> None:
        """Allow the retry again, after a connection that opened."""
        self._retry_left = self._renewable

    def is_final(self, error: WsNotifyError) -> bool:
        """Tell whether another attempt is useless."""
        if isinstance(error, HandshakeError) and error.status == _UNAUTHORIZED:
            retry, self._retry_left = self._retry_left, False
            return not retry
        return not error.retryable
