"""The subscribers: WebSockets in a process of their own, which notes what comes and when.

All of them in one: they wait more than they work, and take little from those who are measured.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.load.plan import Topic
from tests.kit.peer import Frame
from tools import ToolError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PATIENCE: Final = 60.0
"""Seconds to wait for a frame that must come; on a slow machine hundreds stand in line."""

_OPENING: Final = 10
"""Connections that open at the same time."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame that a subscriber got; `at` is on the machine's monotonic clock, in seconds."""

    subscriber: int
    at: float
    frame: Frame


class Crowd:
    """The process with the subscribers, from outside."""

    def __init__(self, pipe: "Connection[Any, Any]") -> None:
        self._pipe = pipe
        self._result()

    def log(self) -> list[Arrival]:
        """Return what came since the last call, up to now: all that was posted by now is in it."""
        self._pipe.send("log")
        arrivals: list[Arrival] = self._result()
        return arrivals

    def vanish(self, count: int) -> None:
        """Break the connections of the first so many, without a word to the server."""
        self._pipe.send(count)
        self._result()

    def _result(self) -> Any:
        try:
            result = self._pipe.recv()
        except EOFError:
            raise ToolError("The process with the subscribers died; its trace is above") from None
        return result


@contextmanager
def crowd(url: str, topics: list[Topic]) -> Iterator[Crowd]:
    """Start it; every topic's subscriber is subscribed when the block begins."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_main, args=(theirs, url, topics), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Crowd(ours)
    finally:
        ours.close()
        process.join(PATIENCE)
        process.kill()


def _main(pipe: "Connection[Any, Any]", url: str, topics: list[Topic]) -> None:
    asyncio.run(_serve(pipe, url, topics))


async def _serve(pipe: "Connection[Any, Any]", url: str, topics: list[Topic]) -> None:
    arrivals: list[Arrival] = []
    gate = asyncio.Semaphore(_OPENING)
    living = [_Subscriber(number, arrivals) for number in range(len(topics))]
    await asyncio.gather(
        *(one.subscribe(gate, url, topic) for one, topic in zip(living, topics, strict=True))
    )
    pipe.send(None)
    while (order := await _received(pipe)) is not None:
        if order == "log":
            await asyncio.gather(*(one.catch_up() for one in living))
            pipe.send(arrivals)
            arrivals.clear()
        else:
            for one in living[:order]:
                one.vanish()
            del living[:order]
            pipe.send(None)
    await asyncio.gather(*(one.leave() for one in living))


async def _received(pipe: "Connection[Any, Any]") -> Any:
    try:
        return await asyncio.to_thread(pipe.recv)
    except EOFError:
        return None


@dataclass(slots=True)
class _Subscriber:
    number: int
    arrivals: list[Arrival]
    _socket: ClientConnection = field(init=False)
    _reading: asyncio.Task[None] = field(init=False)
    _answer: asyncio.Future[Frame] = field(init=False)

    async def subscribe(self, gate: asyncio.Semaphore, url: str, topic: Topic) -> None:
        async with gate, asyncio.timeout(PATIENCE):
            self._socket = await connect(
                url, compression=None, ping_interval=None, proxy=None, max_size=None
            )
            self._reading = asyncio.create_task(self._read())
            merchant_id, ref = topic
            reply = await self._ask({"client": "frontend", "merchant_id": merchant_id, "ref": ref})
        if (reply["type"], reply.get("replayed")) != ("subscribed", 0):
            raise ToolError(f"a subscribe was answered with {reply}")

    async def catch_up(self) -> None:
        """Wait until all that was posted has come: the answer to a ping comes after it."""
        async with asyncio.timeout(PATIENCE):
            await self._ask({"action": "ping"})

    def vanish(self) -> None:
        self._reading.cancel()
        self._socket.transport.abort()

    async def leave(self) -> None:
        self._reading.cancel()
        await self._socket.close()

    async def _ask(self, frame: Frame) -> Frame:
        self._answer = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps(frame))
        return await self._answer

    async def _read(self) -> None:
        async for text in self._socket:
            at = time.monotonic()
            frame = json.loads(text)
            if frame.get("client") == "backend":
                self.arrivals.append(Arrival(self.number, at, frame))
            else:
                self._answer.set_result(frame)
