"""The WebSockets of one deployed stage: its publisher, its subscribers, and the client of the echo.

The clock stops when the bytes of the last frame have arrived; then frames are parsed and checked.
Parsing them earlier would take processor time from what is measured.
"""

import json
import selectors
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import websocket

from benchmarks.figures import FLOOR, PREPARED
from benchmarks.plan import MOST, SUBSCRIBERS
from benchmarks.prepared import ID, prepared
from lambdas.layer.protocol.topic import Topic
from tests.kit.deployed import session
from tools import ToolError
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PAUSE: Final = 0.1
"""Seconds between publishes: the local AWS is busy with the last one's log for up to 50 ms."""

_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Sockets:
    """Open connections; `subscribers` are in groups of so many that wait for one ref."""

    echo: websocket.WebSocket
    publisher: websocket.WebSocket
    subscribers: dict[int, list[websocket.WebSocket]]
    prepared: Callable[[], float]
    dynamodb: "DynamoDBClient"
    ledger: str

    def subscribe(self) -> None:
        """Subscribe every connection to its ref; again, to renew its recent subscription."""
        _subscribe(self.subscribers)

    def milliseconds(self, subscribers: int) -> float:
        """Publish once, or echo once, and return the time to the last receipt. Then pause."""
        notification = _notification(subscribers)
        if subscribers == FLOOR:
            seconds = _timed(self.echo, notification, [self.echo])
        elif subscribers == PREPARED:
            seconds = self.prepared()
            for receiver in self.subscribers[MOST]:
                _require(receiver, id=ID)
            self._delete_notification({**_topic(MOST), "id": ID})
        else:
            seconds = _timed(self.publisher, notification, self.subscribers[subscribers])
            _require(self.publisher, type="receipt", accepted=subscribers)
            self._delete_notification(notification)
        time.sleep(_PAUSE)
        return seconds * 1000

    def _delete_notification(self, notification: dict[str, str]) -> None:
        """Delete it from the ledger, so that each publish finds its ref as the first did."""
        self.dynamodb.delete_item(
            TableName=self.ledger,
            Key={
                "merchant_id#ref": {"S": f"{notification['merchant_id']}#{notification['ref']}"},
                "entry": {"S": f"notification#{notification['id']}"},
            },
        )


@contextmanager
def opened(stage: LocalStage, echo_url: str) -> Iterator[Sockets]:
    """Open the connections of a stage, the subscribers subscribed."""
    with ExitStack() as stack:

        def open_one(url: str) -> websocket.WebSocket:
            socket = websocket.create_connection(url, timeout=_TIMEOUT_SECONDS, http_no_proxy=["*"])
            return stack.enter_context(closing(socket))

        subscribers = {count: [open_one(stage.url) for _ in range(count)] for count in SUBSCRIBERS}
        _subscribe(subscribers)
        yield Sockets(
            echo=open_one(echo_url),
            publisher=open_one(stage.url),
            subscribers=subscribers,
            prepared=prepared(stage, Topic(**_topic(MOST))),
            dynamodb=session().client("dynamodb", endpoint_url=stage.endpoint),
            ledger=stage.environment["LEDGER_TABLE"],
        )


def _timed(
    sender: websocket.WebSocket,
    notification: dict[str, str],
    receivers: Sequence[websocket.WebSocket],
) -> float:
    """Send, and return the seconds until each receiver has the frame."""
    frame = json.dumps(notification)
    with selectors.DefaultSelector() as waiting:
        for receiver in receivers:
            waiting.register(receiver, selectors.EVENT_READ)
        started = time.perf_counter()
        sender.send(frame)
        while waiting.get_map():
            arrived = waiting.select(_TIMEOUT_SECONDS)
            now = time.perf_counter()
            if not arrived:
                raise ToolError(f"no notification came within {_TIMEOUT_SECONDS} s")
            for key, _ in arrived:
                waiting.unregister(key.fileobj)
    for receiver in receivers:
        _require(receiver, id=notification["id"])
    return now - started


def _subscribe(subscribers: Mapping[int, Sequence[websocket.WebSocket]]) -> None:
    for count, group in subscribers.items():
        for socket in group:
            socket.send(json.dumps({"client": "frontend", **_topic(count)}))
            _require(socket, type="subscribed", replayed=0)


def _topic(count: int) -> dict[str, str]:
    return {"merchant_id": "shop", "ref": f"task-of-{count}"}


def _notification(count: int) -> dict[str, str]:
    return {
        "client": "backend",
        **_topic(count),
        "project": "benchmark",
        "type": "payment",
        "status": "done",
        "message": "The payment was captured.",
        "id": uuid4().hex,
    }


def _require(socket: websocket.WebSocket, **expected: object) -> None:
    frame: dict[str, Any] = json.loads(socket.recv())
    if {name: frame.get(name) for name in expected} != expected:
        raise ToolError(f"the service answered {frame}, where {expected} was expected")
