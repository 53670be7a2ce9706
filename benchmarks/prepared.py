"""The requests of one publish to many subscribers, recorded beforehand and sent by a bare loop.

They are the service's own requests, byte for byte but for the port. The time of the local AWS for
them is a lower bound: no function that makes these calls can be faster.
"""

import re
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit

from benchmarks.aws import connections_api, dynamodb
from benchmarks.tape import recording
from lambdas.layer import Storage
from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.topic import Topic
from tools import ToolError
from tools.deploy import LocalStage

ID: Final = "prepared"
"""Of the notification that arrives."""

_TEXT: Final = f'{{"client":"backend","id":"{ID}","message":"The payment was captured."}}'
_MAX_CONNECTIONS: Final = 8
_READY: Final = b"GET /_ministack/ready HTTP/1.1\r\nhost: localhost\r\n\r\n"
_TIMEOUT_SECONDS: Final = 30
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


def prepared(stage: LocalStage, topic: Topic) -> Callable[[], float]:
    """Return a function that sends the requests of a publish and returns the seconds it took."""
    address = urlsplit(stage.endpoint)
    connections = urlsplit(stage.outputs["ConnectionsEndpointURL"])
    subscribers = _storage(stage, stage.endpoint).subscribers(topic)
    with recording() as tape:
        storage = _storage(stage, f"http://{tape.address}")
        storage.put_notification(topic, StoredNotification(ID, _TEXT, "2026-11-23T09:30:00.000Z"))
        storage.subscribers(topic)
        put, index, recent = tape.take(address.netloc)
        api = connections_api(f"http://{tape.address}{connections.path}")
        for connection_id in subscribers:
            api.post(connection_id, _TEXT.encode(), _TIMEOUT_SECONDS)
        posts = tape.take(connections.netloc)
    steps = [[put, index], [recent, *posts]]
    return lambda: _publish((address.hostname or "", address.port or 0), steps)


def _storage(stage: LocalStage, endpoint: str) -> Storage:
    names = stage.environment
    return Storage(
        dynamodb(endpoint),
        connections=names["CONNECTIONS_TABLE"],
        ledger=names["LEDGER_TABLE"],
        retention=int(names["RETENTION_SECONDS"]),
    )


def _publish(address: tuple[str, int], steps: Sequence[Sequence[bytes]]) -> float:
    """Open the connections, as a warm function has them already, and then start the clock."""
    with ExitStack() as stack:
        idle = []
        for _ in range(_MAX_CONNECTIONS):
            connection = stack.enter_context(socket.create_connection(address, _TIMEOUT_SECONDS))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            idle.append(connection)
        for connection in idle:
            _exchange([_READY], [connection])
        started = time.perf_counter()
        for step in steps:
            _exchange(step, idle)
        return time.perf_counter() - started


def _exchange(requests: Sequence[bytes], idle: list[socket.socket]) -> None:
    """Send all requests, one at a time over each connection, and return once all are answered."""
    waiting = list(requests)
    received: dict[socket.socket, bytes] = {}
    with selectors.DefaultSelector() as answering:
        while waiting or received:
            while waiting and idle:
                connection = idle.pop()
                connection.sendall(waiting.pop())
                received[connection] = b""
                answering.register(connection, selectors.EVENT_READ)
            for key, _ in answering.select(_TIMEOUT_SECONDS):
                connection = next(one for one in received if one is key.fileobj)
                received[connection] += connection.recv(65536)
                if _is_complete(received[connection]):
                    del received[connection]
                    answering.unregister(connection)
                    idle.append(connection)


def _is_complete(response: bytes) -> bool:
    head, end, body = response.partition(b"\r\n\r\n")
    if not end:
        return False
    length = _LENGTH.search(head)
    if not head.startswith(b"HTTP/1.1 200") or length is None:
        raise ToolError(f"the local AWS answered {head.decode(errors='replace')}")
    return len(body) >= int(length[1])
