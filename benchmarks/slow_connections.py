"""A loopback `@connections` that takes 10 ms a post, in a process of its own.

    python -m benchmarks.slow_connections

It prints its port, and ends with its standard input. It understands only the HTTP that the clients
of the benchmark send: POST with a Content-Length, over persistent connections.
"""

import asyncio
import sys
from typing import Final

POST_SECONDS: Final = 0.010

_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"
_LENGTH: Final = b"content-length:"


class _Post(asyncio.Protocol):
    """One connection, which answers each request 10 ms after it is complete."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank or len(body) < _content_length(head):
            return
        self._received = b""
        asyncio.get_running_loop().call_later(POST_SECONDS, self._answer)

    def _answer(self) -> None:
        if isinstance(self._transport, asyncio.Transport):
            self._transport.write(_ANSWER)


def _content_length(head: bytes) -> int:
    for line in head.lower().splitlines():
        if line.startswith(_LENGTH):
            return int(line.removeprefix(_LENGTH))
    return 0


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Post, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
