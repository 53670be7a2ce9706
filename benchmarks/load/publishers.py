"""Those who send: each its next frame as soon as its last one is answered.

So publishers and echoers are alike, and neither the pace nor the queue is anyone's choice: what the
emulator can do in a second is what is done. At a set pace, too low a one would only measure itself.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.load.subscribers import PATIENCE
from tests.kit.peer import Frame


@dataclass(frozen=True, slots=True)
class Exchange:
    """A frame and the answer to it, with their times on the machine's monotonic clock."""

    frame: Frame
    sent: float
    reply: str
    answered: float

    @property
    def seconds(self) -> float:
        """How long the sender waited."""
        return self.answered - self.sent


@dataclass(frozen=True, slots=True)
class Window:
    """All that was sent from a time on, each sent frame with its answer."""

    started: float
    exchanges: list[Exchange]

    @property
    def ended(self) -> float:
        """When the last answer came."""
        return max(one.answered for one in self.exchanges)


class Senders:
    """Open connections to one API."""

    def __init__(self, sockets: list[ClientConnection]) -> None:
        self._sockets = sockets

    async def send(self, frames: Iterator[Frame], seconds: float) -> Window:
        """Send for so long, each at least once, or until no frame is left; await all answers."""
        started = time.monotonic()
        each = (_send(socket, frames, started + seconds) for socket in self._sockets)
        return Window(started, [one for some in await asyncio.gather(*each) for one in some])


@asynccontextmanager
async def senders(url: str, count: int) -> AsyncIterator[Senders]:
    """Open so many connections."""
    async with AsyncExitStack() as stack:
        opening = [
            connect(url, compression=None, ping_interval=None, proxy=None, max_size=None)
            for _ in range(count)
        ]
        yield Senders([await stack.enter_async_context(one) for one in opening])


async def _send(socket: ClientConnection, frames: Iterator[Frame], end: float) -> list[Exchange]:
    done: list[Exchange] = []
    for frame in frames:
        sent = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            await socket.send(json.dumps(frame))
            reply = await socket.recv(decode=True)
        done.append(Exchange(frame, sent, reply, time.monotonic()))
        if done[-1].answered > end:
            break
    return done
