"""The subscribers: WebSockets in a process of their own, which records what arrives and when.

One process is enough: it mostly waits, and takes little time from what is measured.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.load.plan import Topic
from benchmarks.load.processes import TIMEOUT_SECONDS, Process, next_command, started
from tests.kit.peer import Frame
from tools import ToolError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_MAX_OPENING: Final = 10
"""Connections that open at the same time."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A notification that a subscriber got; `at` is in seconds of the machine's monotonic clock."""

    subscriber: int
    at: float
    frame: Frame


class Subscribers:
    """The process with the subscribers, from outside."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._process.answer()

    def log(self) -> list[Arrival]:
        """Return what arrived since the last call, with all that was posted before this one."""
        arrivals: list[Arrival] = self._process.command("log")
        return arrivals

    def disconnect_abruptly(self, count: int) -> None:
        """Abort the connections of the first so many, without a close frame."""
        self._process.command(count)


@contextmanager
def open_subscribers(url: str, topics: list[Topic]) -> Iterator[Subscribers]:
    """Start the process; one subscriber per entry is subscribed when the block begins."""
    with started("subscribers", _main, url, topics) as process:
        yield Subscribers(process)


def _main(pipe: "Connection[Any, Any]", url: str, topics: list[Topic]) -> None:
    asyncio.run(_serve(pipe, url, topics))


async def _serve(pipe: "Connection[Any, Any]", url: str, topics: list[Topic]) -> None:
    arrivals: list[Arrival] = []
    opening = asyncio.Semaphore(_MAX_OPENING)
    connected = [_Subscriber(number, arrivals) for number in range(len(topics))]
    await asyncio.gather(
        *(one.subscribe(opening, url, topic) for one, topic in zip(connected, topics, strict=True))
    )
    pipe.send(None)
    while (command := await next_command(pipe)) is not None:
        if command == "log":
            await asyncio.gather(*(one.ping() for one in connected))
            pipe.send(arrivals)
            arrivals.clear()
        else:
            for one in connected[:command]:
                one.abort()
            del connected[:command]
            pipe.send(None)
    await asyncio.gather(*(one.close() for one in connected))


@dataclass(slots=True)
class _Subscriber:
    number: int
    arrivals: list[Arrival]
    _socket: ClientConnection = field(init=False)
    _reading: asyncio.Task[None] = field(init=False)
    _reply: asyncio.Future[Frame] = field(init=False)

    async def subscribe(self, opening: asyncio.Semaphore, url: str, topic: Topic) -> None:
        async with opening, asyncio.timeout(TIMEOUT_SECONDS):
            self._socket = await connect(
                url, compression=None, ping_interval=None, proxy=None, max_size=None
            )
            self._reading = asyncio.create_task(self._read())
            merchant_id, ref = topic
            reply = await self._request(
                {"client": "frontend", "merchant_id": merchant_id, "ref": ref}
            )
        if (reply["type"], reply.get("replayed")) != ("subscribed", 0):
            raise ToolError(f"a subscribe was answered with {reply}")

    async def ping(self) -> None:
        """Wait until all that was posted has arrived: the pong comes after it."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await self._request({"action": "ping"})

    def abort(self) -> None:
        self._reading.cancel()
        self._socket.transport.abort()

    async def close(self) -> None:
        self._reading.cancel()
        await self._socket.close()

    async def _request(self, frame: Frame) -> Frame:
        self._reply = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps(frame))
        return await self._reply

    async def _read(self) -> None:
        async for text in self._socket:
            at = time.monotonic()
            frame = json.loads(text)
            if frame.get("client") == "backend":
                self.arrivals.append(Arrival(self.number, at, frame))
            else:
                self._reply.set_result(frame)
