"""TLS for two threads: `websockets` reads in one and writes in another.

OpenSSL allows one thread at a time to use a connection, and Python's `ssl` leaves that to callers:
a read and a write that meet, as they may when the server's session tickets arrive beside the first
request, can hang both for good, or crash the process. With Python 3.11 that was seen in up to 2 of
100 handshakes on a busy machine. https://docs.openssl.org/3.0/man7/openssl-threads/
"""

import selectors
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")


class LockedSocket(ssl.SSLSocket):
    """A TLS socket with a lock around each call of OpenSSL, which is never held across a wait.

    So the socket itself does not block after the handshake; the waiting is done here, by the
    timeout that was set.
    """

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as inherited
        """Do it, and be ready for two threads from then on."""
        super().do_handshake(block)
        self._lock = threading.Lock()
        self._wait = self.gettimeout()
        super().settimeout(0)

    def settimeout(self, value: float | None) -> None:
        """Set how long a read or a write may wait, in seconds; None for ever."""
        if hasattr(self, "_lock"):
            self._wait = value
        else:
            super().settimeout(value)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Read, once there is something to read."""
        return self._call(selectors.EVENT_READ, super().recv, buflen, flags)

    def send(self, data: Any, flags: int = 0) -> int:
        """Write what the other side takes of it; `sendall` calls this until it is done."""
        return self._call(selectors.EVENT_WRITE, super().send, data, flags)

    def _call(self, event: int, call: Callable[..., _T], *arguments: Any) -> _T:
        deadline = None if self._wait is None else time.monotonic() + self._wait
        while True:
            try:
                with self._lock:
                    return call(*arguments)
            except ssl.SSLWantReadError:
                event = selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                event = selectors.EVENT_WRITE
            except BlockingIOError:
                pass  # TLS has ended here, and the socket is read as it is until it is closed
            self._wait_for(event, deadline)

    def _wait_for(self, event: int, deadline: float | None) -> None:
        left = None if deadline is None else deadline - time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self, event)
            if not selector.select(left):
                raise TimeoutError("The read or write operation timed out")


def make_context() -> ssl.SSLContext:
    """Return what `websockets` would use itself, but for the sockets."""
    context = ssl.create_default_context()
    context.sslsocket_class = LockedSocket
    return context
