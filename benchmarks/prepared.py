"""The requests of one publish to many, prepared beforehand and sent by a loop that does no more.

They are the service's own, byte for byte. What the local AWS takes for them is a bound: a function
that makes these calls cannot be quicker, however little it does itself.
"""

import re
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit

from benchmarks.aws import credentials
from lambdas.layer import Storage
from lambdas.layer.aws_json import AwsJson
from lambdas.layer.connections_api import ConnectionsApi
from lambdas.layer.dynamo import Dynamo
from lambdas.layer.http1 import Answer
from lambdas.layer.items import Said
from lambdas.layer.signed_http import SignedHttp
from lambdas.layer.topic import Topic
from tools import ToolError
from tools.deploy import LocalStage
from tools.ministack import REGION

ID: Final = "prepared"
"""Of the notification that arrives."""

_TEXT: Final = f'{{"client":"backend","id":"{ID}","message":"The payment was captured."}}'
_AT_ONCE: Final = 8
_READY: Final = b"GET /_ministack/ready HTTP/1.1\r\nhost: localhost\r\n\r\n"
_PATIENCE: Final = 30
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class _Tape(SignedHttp):
    """Signs requests as the service does, and keeps them instead of sending them."""

    def __init__(self, endpoint: str, service: str) -> None:
        super().__init__(endpoint, service, credentials(), REGION, at_once=1)
        self.requests: list[bytes] = []

    def post(self, resource: str, data: bytes, headers: dict[str, str], timeout: float) -> Answer:
        """Keep the request, and answer what costs nothing."""
        del timeout
        path = self._path + resource
        signed = self._signer.headers(credentials().get_frozen_credentials(), path, data, headers)
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        head = f"POST {path} HTTP/1.1\r\n{lines}content-length: {len(data)}\r\n\r\n"
        self.requests.append(head.encode() + data)
        return Answer(200, b'{"Items": []}')


def prepared(stage: LocalStage, topic: Topic) -> Callable[[], float]:
    """Return what plays a publish to all who wait for a topic, and returns the seconds it took."""
    dynamo, posts = (
        _Tape(stage.endpoint, "dynamodb"),
        _Tape(stage.outputs["ConnectionsEndpointURL"], "execute-api"),
    )
    real = SignedHttp(stage.endpoint, "dynamodb", credentials(), REGION, at_once=2)
    for connection_id in _storage(stage, real).listeners(topic):
        ConnectionsApi(posts).post(connection_id, _TEXT.encode(), 0)
    storage = _storage(stage, dynamo)
    storage.say(topic, Said(ID, _TEXT, "2026-11-23T09:30:00.000Z"))
    storage.listeners(topic)
    put, *queries = dynamo.requests
    address = urlsplit(stage.endpoint)
    return lambda: _play(
        (address.hostname or "", address.port or 0), [[put], queries, posts.requests]
    )


def _storage(stage: LocalStage, http: SignedHttp) -> Storage:
    names = stage.environment
    return Storage(
        Dynamo(AwsJson(http, "DynamoDB_20120810", "1.0")),
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
