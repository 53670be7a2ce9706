"""Pollers: pages without a WebSocket that ask over HTTPS, in a process of their own.

Each keeps to the pace that its last answer gave, and hands back the `now` of that answer. So their
number, not the emulator, decides how many requests a second there are.
"""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from benchmarks.load.plan import Topic
from benchmarks.load.processes import TIMEOUT_SECONDS, Process, next_command, started
from benchmarks.load.subscribers import Arrival
from tests.kit.peer import Frame
from tools import ToolError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_RETRY_AFTER: Final = 2.0
"""Seconds after an answer that is not a 200; the service's own header says so, too."""

_FIRST_WITHIN: Final = 2.5
"""Seconds over which their first requests are spread, as those of pages that came by chance are."""


@dataclass(slots=True)
class Asked:
    """How long each answer took, in seconds, and how many requests were not answered with 200.

    A request that waits for its turn has not begun.
    """

    seconds: list[float] = field(default_factory=list)
    refused: int = 0


class Pollers:
    """The process with the pollers, from outside."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @contextmanager
    def polling(self, asked: Asked) -> Iterator[None]:
        """Let them ask, each at its pace, until the block ends; add to what was asked."""
        self._process.command("start")
        try:
            yield
        finally:
            done: Asked = self._process.command("stop")
            asked.seconds += done.seconds
            asked.refused += done.refused

    def log(self) -> list[Arrival]:
        """Let each ask once more, at once, and return what arrived since the last call."""
        arrivals: list[Arrival] = self._process.command("log")
        return arrivals


@contextmanager
def open_pollers(url: str, topics: list[Topic], at_once: int) -> Iterator[Pollers]:
    """Start the process, with one poller per entry; `url` is the base of the HTTP API.

    `at_once`: so many ask at the same time, and others later. For each one more the local AWS
    would start a process more: on few cores, starting them takes all the time there is.
    """
    with started("pollers", _main, url, topics, at_once) as process:
        yield Pollers(process)


def _main(pipe: "Connection[Any, Any]", url: str, topics: list[Topic], at_once: int) -> None:
    asyncio.run(_serve(pipe, url, topics, at_once))


async def _serve(pipe: "Connection[Any, Any]", url: str, topics: list[Topic], at_once: int) -> None:
    arrivals: list[Arrival] = []
    asking = asyncio.Semaphore(at_once)
    pollers = [_Poller(url, asking, *one, arrivals) for one in enumerate(topics)]
    while (command := await next_command(pipe)) is not None:
        if command == "log":
            await asyncio.gather(*(one.ask_last() for one in pollers))
            pipe.send(arrivals)
            arrivals.clear()
            continue
        asked, stopped = Asked(), asyncio.Event()
        polling = asyncio.gather(*(one.poll(asked, stopped) for one in pollers))
        pipe.send(None)
        await next_command(pipe)
        stopped.set()
        await polling
        pipe.send(asked)


@dataclass(slots=True)
class _Poller:
    url: str
    asking: asyncio.Semaphore
    number: int
    topic: Topic
    arrivals: list[Arrival]
    _since: Frame = field(default_factory=dict)

    async def poll(self, asked: Asked, stopped: asyncio.Event) -> None:
        pause = random.uniform(0, _FIRST_WITHIN)  # noqa: S311 - chance, no secret
        while not await _is_set_within(stopped, pause):
            async with self.asking:
                if stopped.is_set():
                    return
                began = time.monotonic()
                answer = await self._ask()
            asked.seconds.append(time.monotonic() - began)
            asked.refused += not answer
            pause = answer["poll_after"] / 1000 if answer else _RETRY_AFTER

    async def ask_last(self) -> None:
        async with self.asking, asyncio.timeout(TIMEOUT_SECONDS):
            while not await self._ask():  # noqa: ASYNC110 - a retry, there is no event
                await asyncio.sleep(_RETRY_AFTER)

    async def _ask(self) -> Frame:
        merchant_id, ref = self.topic
        body = {"merchant_id": merchant_id, "ref": ref, **self._since}
        async with asyncio.timeout(TIMEOUT_SECONDS):
            answer = await _post(f"{self.url}/notifications", body)
        at = time.monotonic()
        if answer.get("more"):
            raise ToolError(
                f"{self.topic} had over 100 notifications between two polls: publish less"
            )
        if answer:
            self._since = {"since": answer["now"]}
            found = answer["notifications"]
            self.arrivals.extend(Arrival(self.number, at, frame) for frame in found)
        return answer


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        return await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False


async def _post(url: str, body: Frame) -> Frame:
    """Send one request over a connection of its own; return the answer, empty if not a 200."""
    address = urlsplit(url)
    text = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(
            f"POST {address.path} HTTP/1.1\r\nhost: {address.netloc}\r\nconnection: close\r\n"
            f"content-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n".encode()
            + text
        )
        head, _, content = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if not head.startswith(b"HTTP/1.1 200"):
        return {}
    answer: Frame = json.loads(content)
    return answer
