"""Which failed connection is final."""

from ws_notify.exceptions import HandshakeError, WsNotifyError

_UNAUTHORIZED = 401


class Handshakes:
    """Judges failures; `renewable`: a function gives tokens, so a 401 is tried once more."""

    def __init__(self, *, renewable: bool) -> None:
        self._renewable = renewable
        self._fresh_token_left = renewable

    def opened(self) -> None:
        """One went well."""
        self._fresh_token_left = self._renewable

    def is_final(self, error: WsNotifyError) -> bool:
        """Tell whether another try would be of no use."""
        if isinstance(error, HandshakeError) and error.status == _UNAUTHORIZED:
            left, self._fresh_token_left = self._fresh_token_left, False
            return not left
        return not error.retryable
