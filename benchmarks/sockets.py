"""The WebSockets of one deployed stage: its publisher, its subscribers, and the floor's sender."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.aws import session
from benchmarks.figures import FLOOR
from benchmarks.plan import SUBSCRIBERS
from tools import ToolError
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PAUSE: Final = 0.1
"""Seconds between publishes: the local AWS is busy with the last one's log for up to 50 ms."""

_PATIENCE: Final = 30


@dataclass(frozen=True, slots=True)
class Sockets:
    """Open connections; `subscribers` are in groups of so many that wait for one ref."""

    echo: ClientConnection
    publisher: ClientConnection
    subscribers: dict[int, list[ClientConnection]]
    dynamodb: "DynamoDBClient"
    ledger: str

    async def subscribe(self) -> None:
        """Subscribe every connection to its ref; again, to keep it among the lately joined."""
        for count, group in self.subscribers.items():
            for socket in group:
                await socket.send(json.dumps({"client": "frontend", **_topic(count)}))
                _require(await _next(socket), type="subscribed", replayed=0)

    async def milliseconds(self, subscribers: int) -> float:
        """Publish once, or echo once, and return the time to the last receipt. Then pause."""
        publish = self._echo() if subscribers == FLOOR else self._publish(subscribers)
        taken = await publish
        await asyncio.sleep(_PAUSE)
        return taken * 1000

    async def _echo(self) -> float:
        frame = json.dumps(_notification(FLOOR))
        receiving = asyncio.create_task(_receipt_time(self.echo))
        await asyncio.sleep(0)
        started = time.perf_counter()
        await self.echo.send(frame)
        return await receiving - started

    async def _publish(self, count: int) -> float:
        notification = _notification(count)
        frame = json.dumps(notification)
        receiving = [asyncio.create_task(_receipt_time(s)) for s in self.subscribers[count]]
        await asyncio.sleep(0)
        started = time.perf_counter()
        await self.publisher.send(frame)
        last = max(await asyncio.gather(*receiving))
        _require(await _next(self.publisher), type="receipt", accepted=count)
        self._forget(count, notification["id"])
        return last - started

    def _forget(self, count: int, id_: str) -> None:
        """Take the line out of the ledger: each publish shall find its topic as the first did."""
        topic = _topic(count)
        self.dynamodb.delete_item(
            TableName=self.ledger,
            Key={
                "merchant_id#ref": {"S": f"{topic['merchant_id']}#{topic['ref']}"},
                "line": {"S": f"said#{id_}"},
            },
        )


@asynccontextmanager
async def opened(stage: LocalStage, echo_url: str) -> AsyncIterator[Sockets]:
    """Open the connections of a stage, the subscribers subscribed."""
    async with AsyncExitStack() as stack:

        async def open_one(url: str) -> ClientConnection:
            # No compression and no keep-alive: the client's own work is not what is measured.
            return await stack.enter_async_context(
                connect(url, proxy=None, compression=None, ping_interval=None, close_timeout=1)
            )

        sockets = Sockets(
            echo=await open_one(echo_url),
            publisher=await open_one(stage.url),
            subscribers={
                count: [await open_one(stage.url) for _ in range(count)] for count in SUBSCRIBERS
            },
            dynamodb=session().client("dynamodb", endpoint_url=stage.endpoint),
            ledger=stage.environment["LEDGER_TABLE"],
        )
        await sockets.subscribe()
        yield sockets


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


async def _receipt_time(socket: ClientConnection) -> float:
    async with asyncio.timeout(_PATIENCE):
        await socket.recv()
    return time.perf_counter()


async def _next(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(_PATIENCE):
        frame: dict[str, Any] = json.loads(await socket.recv())
    return frame


def _require(frame: dict[str, Any], **expected: object) -> None:
    if {name: frame.get(name) for name in expected} != expected:
        raise ToolError(f"the service answered {frame}, where {expected} was expected")
