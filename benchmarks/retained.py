"""The cost of a subscribe to, and of a poll of, a topic with many stored notifications.

Each reads all of them, also those before `since`, and brings the newest 100 at most.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from benchmarks.aws import dynamodb
from benchmarks.figures import Retained
from benchmarks.operations import CALLER
from benchmarks.rows import write
from lambdas.layer import Handler, Sender, Storage, items
from lambdas.layer.aws import batches
from lambdas.layer.aws.clients import DynamoDbClient
from lambdas.layer.protocol.clock import system_clock, to_rfc3339
from lambdas.layer.protocol.frames import Poll
from lambdas.layer.protocol.topic import Topic
from tests.kit.connections import FakeConnections
from tools import ToolError
from tools.deploy import LocalStage

_A_MEGABYTE: Final = 1000
"""Notifications, and bytes of the item of one."""

_READ_UNIT: Final = 4096
_REPEATS: Final = 3
_CONNECTION: Final = "late-connection"

_Ask = Callable[[Handler, Topic], int]
"""Ask for a topic, and return how many notifications that brought."""


@dataclass(slots=True)
class _Counted:
    """A client of DynamoDB that counts pages, and the items that were read, filtered out or not."""

    client: DynamoDbClient
    pages: int = 0
    read: int = 0

    def resolve_credentials(self) -> None:
        self.client.resolve_credentials()

    def call(self, operation: str, **parameters: Any) -> Any:
        answer = self.client.call(operation, **parameters)
        if operation == "Query":
            self.pages += 1
            self.read += answer["ScannedCount"]
        return answer


def measure(stage: LocalStage, megabytes: Sequence[int]) -> list[Retained]:
    """Ask for one ref for each number of megabytes that it has stored, in each way."""
    return [measured for count in megabytes for measured in _measure(stage, count)]


def _measure(stage: LocalStage, megabytes: int) -> Iterator[Retained]:
    topic = Topic("shop", f"retained-{megabytes}")
    notifications = megabytes * _A_MEGABYTE
    client = dynamodb(stage.endpoint)
    write(client, entries(stage.environment["LEDGER_TABLE"], topic, notifications))
    for asking, ask in (
        ("subscribe", _subscribe),
        ("poll", _poll),
        ("poll, `since` now", lambda handler, topic: _poll(handler, topic, system_clock())),
    ):
        counted = _Counted(client)
        brought = ask(_handler(stage, counted), topic)
        times = _times(ask, _handler(stage, client), topic)
        yield Retained(
            asking=asking,
            megabytes=megabytes,
            notifications=notifications,
            brought=brought,
            pages=counted.pages,
            read_units=_read_units(counted.read * _A_MEGABYTE),
            milliseconds=median(wall for wall, _ in times),
            cpu_milliseconds=median(cpu for _, cpu in times),
        )


def _times(ask: _Ask, handler: Handler, topic: Topic) -> list[tuple[float, float]]:
    return [_milliseconds(lambda: ask(handler, topic)) for _ in range(_REPEATS)]


def _read_units(size: int) -> int:
    """Return what a consistent query of so many bytes consumes; the local AWS always reports 1.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """
    return max(1, -(-size // _READ_UNIT))


def _milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall-clock time and the processor time of this process."""
    started, busy = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000


def entries(ledger: str, topic: Topic, notifications: int) -> Iterator[batches.Request]:
    """Yield what writes so many notifications of 1 KB to a topic.

    The newest was sent a minute ago: before any overlap of a `since`.
    """
    now = system_clock() - 60 * 1000

    def item(number: int, message: str) -> items.Item:
        text = json.dumps({"client": "backend", "message": message})
        notification = items.StoredNotification(
            f"{number:09}", text, to_rfc3339(now - notifications + number)
        )
        return items.notification(topic.key, notification, "benchmark", now + 60 * 60 * 1000)

    message = "x" * (_A_MEGABYTE - size_of(item(0, "")))
    for number in range(notifications):
        yield ledger, {"PutRequest": {"Item": item(number, message)}}


def size_of(item: items.Item) -> int:
    """Return the bytes of an item of strings and positive whole numbers, as DynamoDB counts them.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """

    def size_of_value(value: dict[str, str]) -> int:
        if "S" in value:
            return len(value["S"].encode())
        digits = value["N"].rstrip("0")  # the significant ones, two a byte, and one byte more
        return (len(digits) + 1) // 2 + 1

    return sum(len(name.encode()) + size_of_value(value) for name, value in item.items())


def _handler(stage: LocalStage, client: DynamoDbClient) -> Handler:
    names = stage.environment
    storage = Storage(
        client,
        connections=names["CONNECTIONS_TABLE"],
        ledger=names["LEDGER_TABLE"],
        retention=int(names["RETENTION_SECONDS"]),
    )
    return Handler(storage, Sender(FakeConnections()))


def _subscribe(handler: Handler, topic: Topic) -> int:
    frame = {"client": "frontend", "merchant_id": topic.merchant_id, "ref": topic.ref}
    reply = handler.handle(_CONNECTION, json.dumps(frame)) or {}
    if reply.get("type") != "subscribed":
        raise ToolError(f"the service answered {reply}, where subscribed was expected")
    replayed: int = reply["replayed"]
    return replayed


def _poll(handler: Handler, topic: Topic, since: int | None = None) -> int:
    reply = handler.answer(lambda: Poll(topic, since), CALLER) or {}
    if reply.get("type") != "notifications":
        raise ToolError(f"the service answered {reply}, where notifications were expected")
    return len(reply["notifications"])
