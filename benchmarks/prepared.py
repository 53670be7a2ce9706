"""The requests of one publish to many, prepared beforehand and sent by a loop that does no more.

They are the service's own, byte for byte, but for the port that they name. What the local AWS takes
for them is a bound: a function that makes these calls cannot be quicker, however little it does.
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
_AT_ONCE: Final = 8
_READY: Final = b"GET /_ministack/ready HTTP/1.1\r\nhost: localhost\r\n\r\n"
_PATIENCE: Final = 30
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


def prepared(stage: LocalStage, topic: Topic) -> Callable[[], float]:
    """Return what plays a publish to all who wait for a topic, and returns the seconds it took."""
    address = urlsplit(stage.endpoint)
    connections = urlsplit(stage.outputs["ConnectionsEndpointURL"])
    subscribers = _storage(stage, stage.endpoint).subscribers(topic)
    with recording() as tape:
        storage = _storage(stage, f"http://{tape.address}")
        storage.put_notification(topic, StoredNotification(ID, _TEXT, "2026-11-23T09:30:00.000Z"))
        storage.subscribers(topic)
        put, index, recent = tape.taken(address.netloc)
        api = connections_api(f"http://{tape.address}{connections.path}")
        for connection_id in subscribers:
            api.post(connection_id, _TEXT.encode(), _PATIENCE)
        posts = tape.taken(connections.netloc)
    steps = [[put, index], [recent, *posts]]
    return lambda: _play((address.hostname or "", address.port or 0), steps)


def _storage(stage: LocalStage, endpoint: str) -> Storage:
    names = stage.environment
    return Storage(
        dynamodb(endpoint),
        connections=names["CONNECTIONS_TABLE"],
        ledger=names["LEDGER_TABLE"],
        retention=int(names["RETENTION_SECONDS"]),
    )


def _play(address: tuple[str, int], steps: Sequence[Sequence[bytes]]) -> float:
    """Open the connections, as a function has them already, and only then start the clock."""
    with ExitStack() as stack:
        idle = []
        for _ in range(_AT_ONCE):
            connection = stack.enter_context(socket.create_connection(address, _PATIENCE))
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
            for key, _ in answering.select(_PATIENCE):
                connection = next(one for one in received if one is key.fileobj)
                received[connection] += connection.recv(65536)
                if _is_whole(received[connection]):
                    del received[connection]
                    answering.unregister(connection)
                    idle.append(connection)


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    length = _LENGTH.search(head)
    if not head.startswith(b"HTTP/1.1 200") or length is None:
        raise ToolError(f"the local AWS answered {head.decode(errors='replace')}")
    return len(body) >= int(length[1])
