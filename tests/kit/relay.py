"""What stands between a page and its stage: a relay that may not let WebSockets pass."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Queue
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any, Literal
from urllib.parse import urlsplit

_REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Mode = Literal["pass", "refuse", "swallow"]
"""What becomes of WebSockets: they pass, their handshakes are refused, or their frames are lost."""


class Relay(ThreadingTCPServer):
    """Listens on a free port of 127.0.0.1, and forwards to `target`, the port of a stage.

    `mode` may change at any time. A connection of which it lost something stays as good as dead, as
    its peers cannot read on. `blocked` holds the mode of each that was refused, or lost something.
    """

    daemon_threads = True
    mode: Mode = "pass"

    def __init__(self, target: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.blocked: Queue[Mode] = Queue()
        self._sockets: list[socket.socket] = []

    def through(self, url: str) -> str:
        """Return the address of the stage as one of the relay."""
        return urlsplit(url)._replace(netloc=f"127.0.0.1:{self.server_address[1]}").geturl()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._sockets.append(request)
        super().process_request(request, client_address)

    def change(self, mode: Mode) -> None:
        """Become another network: what was connected is closed."""
        self.mode = mode
        while self._sockets:
            with suppress(OSError):
                self._sockets.pop().shutdown(socket.SHUT_RDWR)


@dataclass(slots=True)
class _Connection:
    is_websocket: bool
    dead: bool = False


class _Handler(BaseRequestHandler):
    request: socket.socket
    server: Relay

    def handle(self) -> None:
        head = self.request.recv(65_536)
        connection = _Connection(b"upgrade: websocket" in head.lower())
        if connection.is_websocket and self.server.mode == "refuse":
            self.server.blocked.put("refuse")
            self.request.sendall(_REFUSAL)
            return
        with socket.create_connection(("127.0.0.1", self.server.target)) as stage:
            stage.sendall(head)
            back = Thread(target=self._pump, args=(stage, self.request, connection), daemon=True)
            back.start()
            self._forward(self.request, stage, connection)
            back.join()

    def _pump(self, stage: socket.socket, page: socket.socket, connection: _Connection) -> None:
        with suppress(OSError):
            page.sendall(stage.recv(65_536))  # the answer to the handshake, too
        self._forward(stage, page, connection)

    def _forward(self, near: socket.socket, far: socket.socket, connection: _Connection) -> None:
        with suppress(OSError):
            while data := near.recv(65_536):
                if (
                    connection.is_websocket
                    and self.server.mode == "swallow"
                    and not connection.dead
                ):
                    connection.dead = True
                    self.server.blocked.put("swallow")
                if not connection.dead:
                    far.sendall(data)
        with suppress(OSError):
            far.shutdown(socket.SHUT_WR)


@contextmanager
def relay(url: str) -> Iterator[Relay]:
    """Run one before the stage that has this address."""
    port = urlsplit(url).port
    assert port is not None
    with Relay(port) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
