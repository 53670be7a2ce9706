"""One request over HTTP whose answer another thread may stop waiting for."""

import contextlib
import socket


class Exchange:
    """A socket's timeout bounds each read, but not an answer that drips in without end."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._ended = False

    def begin(self, socket_: socket.socket | None) -> None:
        """Say which socket it uses, None before one is connected.

        Raises ConnectionAbortedError where it was ended.
        """
        self._socket = socket_
        if self._ended:
            raise ConnectionAbortedError("The request was given up")

    def release(self) -> bool:
        """Say that the answer is here; tell whether the socket may be used for another request."""
        self._socket = None
        return not self._ended

    def end(self) -> None:
        """Let the thread that waits for the answer return; harmless when repeated."""
        self._ended = True
        if used := self._socket:
            with contextlib.suppress(OSError):
                # Not SSLSocket's own, which takes OpenSSL's object away from beneath a read.
                socket.socket.shutdown(used, socket.SHUT_RDWR)
