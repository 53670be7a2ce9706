"""A loopback server that records every request, byte for byte, and answers it with no items."""

import re
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Final, cast

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_NOTHING: Final = b'{"Items": []}'
_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(_NOTHING), _NOTHING)


@dataclass(slots=True)
class Tape:
    """What was sent to `address` ("host:port") since the last `take`."""

    address: str
    _requests: list[bytes] = field(default_factory=list)

    def record(self, request: bytes) -> None:
        """Add a complete request."""
        self._requests.append(request)

    def take(self, address: str) -> list[bytes]:
        """Remove the requests and return them as they are sent to another address."""
        host, other = self.address.encode(), address.encode()
        requests = [request.replace(host, other, 1) for request in self._requests]
        self._requests.clear()
        return requests


@contextmanager
def recording() -> Iterator[Tape]:
    """Serve on a free port until the block ends."""
    with _Server(("127.0.0.1", 0), _Connection) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.tape
        finally:
            server.shutdown()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False  # clients keep their connections

    def __init__(self, address: tuple[str, int], handler: type["_Connection"]) -> None:
        super().__init__(address, handler)
        self.tape = Tape("{}:{}".format(*self.server_address[:2]))


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Record the requests of one connection until it closes."""
        while head := self._head():
            length = _LENGTH.search(head)
            body = self.rfile.read(int(length[1]) if length else 0)
            cast("_Server", self.server).tape.record(head + body)
            self.wfile.write(_ANSWER)

    def _head(self) -> bytes:
        lines = b""
        while not lines.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return b""
            lines += line
        return lines
