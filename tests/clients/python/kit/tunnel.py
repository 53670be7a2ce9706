"""A proxy on loopback that tunnels."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from tests.clients.python.kit.server import TIMEOUT


@contextmanager
def tunnel() -> Iterator[tuple[str, list[bytes]]]:
    """Serve as a proxy that tunnels; yield its address, and what it was asked."""
    asked: list[bytes] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while some := source.recv(65536):
                sink.sendall(some)
            sink.shutdown(socket.SHUT_WR)

    def serve(client: socket.socket) -> None:
        with client:
            asked.append(client.recv(65536))
            host, _, port = asked[-1].split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as there:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=pump, args=(there, client))
                back.start()
                pump(client, there)
                back.join(TIMEOUT)

    def accept() -> None:
        with suppress(OSError), ThreadPoolExecutor() as serving:
            while True:
                serving.submit(serve, listening.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}", asked
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(TIMEOUT)
