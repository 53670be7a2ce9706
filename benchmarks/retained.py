"""The cost of a subscribe to a topic with many stored notifications.

It reads all of them, also those before `since`, and replays the newest 100 at most.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Final

from benchmarks.aws import dynamodb
from benchmarks.figures import Retained
from benchmarks.recorder import Recorded, Recorder
from benchmarks.rows import write
from lambdas.layer import Handler, Sender, Storage, items
from lambdas.layer.aws import batches
from lambdas.layer.aws.clients import DynamoDbClient
from lambdas.layer.protocol.clock import system_clock, to_rfc3339
from lambdas.layer.protocol.topic import Topic
from tests.kit.connections import FakeConnections
from tools import ToolError
from tools.deploy import LocalStage

_A_MEGABYTE: Final = 1000
"""Notifications, and bytes of the item of one."""

_READ_UNIT: Final = 4096
_REPEATS: Final = 3
_CONNECTION: Final = "late-connection"
_LEDGER: Final = "ledger"


def measure(stage: LocalStage, megabytes: Sequence[int]) -> list[Retained]:
    """Subscribe to one ref for each number of megabytes that it has stored."""
    return [_measure(stage, count) for count in megabytes]


def _measure(stage: LocalStage, megabytes: int) -> Retained:
    topic = Topic("shop", f"retained-{megabytes}")
    notifications = megabytes * _A_MEGABYTE
    names = stage.environment
    client = dynamodb(stage.endpoint)
    write(client, _entries(names["LEDGER_TABLE"], topic, notifications))
    recorder = Recorder({names["CONNECTIONS_TABLE"]: "connections", names["LEDGER_TABLE"]: _LEDGER})
    replayed = _subscribe(_handler(stage, Recorded(client, recorder)), topic)
    calls = [call for step in recorder.operation("subscribe").steps for call in step]
    handler = _handler(stage, client)
    times = [_milliseconds(lambda: _subscribe(handler, topic)) for _ in range(_REPEATS)]
    return Retained(
        megabytes=megabytes,
        notifications=notifications,
        replayed=replayed,
        pages=calls.count(f"Query {_LEDGER}"),
        read_units=_read_units(notifications * _A_MEGABYTE),
        milliseconds=median(wall for wall, _ in times),
        cpu_milliseconds=median(cpu for _, cpu in times),
    )


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


def _entries(ledger: str, topic: Topic, notifications: int) -> Iterator[batches.Request]:
    now = system_clock()

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
