"""Links in tasks, on `websockets.asyncio`."""

import asyncio
import contextlib
import inspect
import time
from collections.abc import Callable, Iterable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ws_notify.address import Address, checked_token, failure_of, log_loss, pieces, token_failed
from ws_notify.core.events import Action, Close, Event, Lost, Open, Opened, Received
from ws_notify.exceptions import WsNotifyError
from ws_notify.tokens import seconds_left

_LONGEST_WAIT = 24 * 60 * 60.0
"""Event loops take no infinite timeout."""


Tasks = set["asyncio.Task[None]"]


async def finish(tasks: Tasks, patience: float) -> None:
    """Wait for links that were closed, at most so many seconds, then end their tasks."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=patience)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


class Links:
    """Performs what a core asks for, and collects what happens. For one event loop.

    `tasks` gets the task of each link until it is done, for who closes what others forgot.
    """

    def __init__(self, address: Address, tasks: Tasks) -> None:
        self._address = address
        self._tasks = tasks
        self._events: list[Event] = []
        self._arrived = asyncio.Event()
        self._links: dict[int, _Link] = {}
        self._closed = False

    def perform(self, actions: Iterable[Action]) -> None:
        """Start what is asked for; return at once."""
        for action in actions:
            if isinstance(action, Open):
                if not self._closed:
                    self._open(action.link)
            elif link := self._links.get(action.link):
                if isinstance(action, Close):
                    link.close(broken=action.broken)
                else:
                    link.outbox.put_nowait(action.text)

    def _open(self, number: int) -> None:
        link = self._links[number] = _Link(number, self._address, self._happened)
        link.task.add_done_callback(lambda _: self._links.pop(number))
        self._tasks.add(link.task)
        link.task.add_done_callback(self._tasks.discard)

    def _happened(self, event: Event) -> None:
        if isinstance(event, Lost) and not self._links[event.link].closed:
            log_loss(event.error)
        self._events.append(event)
        self._arrived.set()

    async def wait(self, seconds: float) -> list[Event]:
        """Return what happened, waiting for the first of it; nothing after so many seconds."""
        if not self._events and seconds > 0:
            self._arrived.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), min(seconds, _LONGEST_WAIT))
        events, self._events = self._events, []
        return events

    async def close(self) -> None:
        """Close every link, within the time that closing may take."""
        self._closed = True
        links = list(self._links.values())
        for link in links:
            link.close()
        self._arrived.set()  # ends a `wait`
        await finish({link.task for link in links}, self._address.timing.closing)

    def forget(self) -> None:
        """Close every link of a subscription that nobody has any more."""
        for link in self._links.values():
            if not link.task.get_loop().is_closed():
                link.task.get_loop().call_soon_threadsafe(link.close)


class _Link:
    """One connection: a task that opens and reads, and one that writes and closes."""

    def __init__(self, number: int, address: Address, happened: Callable[[Event], None]) -> None:
        self.outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.closed = False
        self._number = number
        self._address = address
        self._happened = happened
        self._connection: ClientConnection | None = None
        self.task = asyncio.create_task(self._run(), name=f"ws-notify-{number}")

    def close(self, *, broken: bool = False) -> None:
        self.closed = True
        if self._connection is None:
            self.task.cancel()
        elif broken:
            self._connection.transport.abort()
        else:
            self.outbox.put_nowait(None)

    async def _run(self) -> None:
        try:
            token = await self._token()
            async with connect(**self._address.arguments(token)) as connection:
                self._connection = connection
                left = seconds_left(token) if token else None
                self._happened(Opened(self._number, time.monotonic(), left))
                writer = asyncio.create_task(self._write(connection))
                try:
                    while True:
                        data = await connection.recv()
                        self._happened(Received(self._number, time.monotonic(), data))
                finally:
                    writer.cancel()
        except Exception as error:  # noqa: BLE001 - whatever it is, the core decides
            self._happened(Lost(self._number, time.monotonic(), failure_of(error)))

    async def _write(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # which the reader reports
            while (text := await self.outbox.get()) is not None:
                await connection.send(pieces(text))
            await connection.close()

    async def _token(self) -> str | None:
        token = self._address.token
        if not callable(token):
            return token
        try:
            # One that is no coroutine function may block, which must not stop the event loop.
            inline = inspect.iscoroutinefunction(token)
            fetched = token() if inline else await asyncio.to_thread(token)
            return checked_token(await fetched if inspect.isawaitable(fetched) else fetched)
        except WsNotifyError:
            raise
        except Exception as error:
            raise token_failed(error) from error
