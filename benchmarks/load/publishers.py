"""Publishers in a closed loop: each sends its next frame as soon as the last one is answered.

The echo is loaded in the same way. So the emulator sets the pace, not this program: a fixed pace
that is too low would only measure itself. Whether others keep them from a pace, only publishers
that have one can show.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.load.processes import TIMEOUT_SECONDS
from tests.kit.peer import Frame


@dataclass(frozen=True, slots=True)
class Exchange:
    """A frame and the reply to it, with their times on the machine's monotonic clock."""

    frame: Frame
    sent: float
    reply: str
    answered: float

    @property
    def seconds(self) -> float:
        """How long the reply took."""
        return self.answered - self.sent


@dataclass(frozen=True, slots=True)
class Window:
    """All exchanges from `started` on."""

    started: float
    exchanges: list[Exchange]

    @property
    def ended(self) -> float:
        """When the last reply came."""
        return max(one.answered for one in self.exchanges)


class Publishers:
    """Open connections to one API."""

    def __init__(self, sockets: list[ClientConnection]) -> None:
        self._sockets = sockets

    async def send(self, frames: Iterator[Frame], seconds: float, pace: float = 0.0) -> Window:
        """Send for so long, or until no frame is left; each publisher sends one at least.

        `pace`: each begins one every so many seconds, later only where the last is not answered.
        Returns when every frame is answered.
        """
        started = time.monotonic()
        each = (
            _send(socket, frames, started + seconds, pace, started + pace * at / len(self._sockets))
            for at, socket in enumerate(self._sockets)
        )
        return Window(started, [one for some in await asyncio.gather(*each) for one in some])


@asynccontextmanager
async def open_publishers(url: str, count: int) -> AsyncIterator[Publishers]:
    """Open so many connections."""
    async with AsyncExitStack() as stack:
        opening = [
            connect(url, compression=None, ping_interval=None, proxy=None, max_size=None)
            for _ in range(count)
        ]
        yield Publishers([await stack.enter_async_context(one) for one in opening])


async def _send(
    socket: ClientConnection, frames: Iterator[Frame], deadline: float, pace: float, due: float
) -> list[Exchange]:
    exchanges: list[Exchange] = []
    for frame in frames:
        await asyncio.sleep(due - time.monotonic())
        sent = time.monotonic()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await socket.send(json.dumps(frame))
            reply = await socket.recv(decode=True)
        exchanges.append(Exchange(frame, sent, reply, time.monotonic()))
        due += pace
        if max(due, exchanges[-1].answered) > deadline:
            break
    return exchanges
