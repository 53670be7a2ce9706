"""The asyncio transport: connections in tasks, on `websockets.asyncio`."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ws_notify.core.events import Action, Close, Event, Lost, Open, Opened, Received
from ws_notify.endpoint import Endpoint
from ws_notify.tokens import seconds_until_expiry
from ws_notify.transport.errors import log_loss, map_exception
from ws_notify.transport.fetching import fetch_token_async
from ws_notify.transport.fragments import fragments

_MAX_WAIT = 24 * 60 * 60.0
"""Event loops take no infinite timeout."""

Tasks = set["asyncio.Task[None]"]


async def finish(tasks: Tasks, timeout: float) -> None:
    """Wait for closed connections at most so many seconds, then cancel their tasks."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=timeout)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


class AsyncioTransport:
    """Performs the actions of a core, and collects the events of its connections. For one loop.

    `tasks` holds the task of each connection until it is done, so that a client can finish the
    connections of subscriptions that were garbage-collected.
    """

    def __init__(self, endpoint: Endpoint, tasks: Tasks) -> None:
        self._endpoint = endpoint
        self._tasks = tasks
        self._events: list[Event] = []
        self._arrived = asyncio.Event()
        self._connections: dict[int, _Connection] = {}
        self._closed = False
        self._process = os.getpid()

    def perform(self, actions: Iterable[Action]) -> None:
        """Start these actions; return at once."""
        for action in actions:
            if isinstance(action, Open):
                if not self._closed:
                    self._open(action.connection)
            elif connection := self._connections.get(action.connection):
                if isinstance(action, Close):
                    connection.close(broken=action.broken)
                else:
                    connection.outbox.put_nowait(action.text)

    def _open(self, number: int) -> None:
        connection = _Connection(number, self._endpoint, self._report)
        self._connections[number] = connection
        connection.task.add_done_callback(lambda _: self._connections.pop(number))
        self._tasks.add(connection.task)
        connection.task.add_done_callback(self._tasks.discard)

    def _report(self, event: Event) -> None:
        if isinstance(event, Lost) and not self._connections[event.connection].closed:
            log_loss(event.error)
        self._events.append(event)
        self._arrived.set()

    async def wait(self, seconds: float) -> list[Event]:
        """Return the events, waiting for the first at most so many seconds."""
        if not self._events and seconds > 0:
            self._arrived.clear()
            # Not `wait_for`: before Python 3.12 it drops a cancellation that comes with an event.
            # https://github.com/python/cpython/issues/86296
            loop = asyncio.get_running_loop()
            timer = loop.call_later(min(seconds, _MAX_WAIT), self._arrived.set)
            try:
                await self._arrived.wait()
            finally:
                timer.cancel()
        events, self._events = self._events, []
        return events

    async def close(self) -> None:
        """Close every connection, within the timeout of closing."""
        self._closed = True
        connections = list(self._connections.values())
        for connection in connections:
            connection.close()
        self._arrived.set()  # ends a `wait`
        tasks = {connection.task for connection in connections}
        await finish(tasks, self._endpoint.timeouts.closing)

    def forget(self) -> None:
        """Close every connection of a subscription that was garbage-collected, in any thread.

        In a process that was forked, the connections are the parent's, and stay.
        """
        if self._process != os.getpid():
            return
        for connection in list(self._connections.values()):  # the loop's thread may change it
            with contextlib.suppress(RuntimeError):  # the loop is closed
                connection.task.get_loop().call_soon_threadsafe(connection.close)


class _Connection:
    """One connection: a task that opens and reads, and one that writes and closes."""

    def __init__(self, number: int, endpoint: Endpoint, report: Callable[[Event], None]) -> None:
        self.outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.closed = False
        self._number = number
        self._endpoint = endpoint
        self._report = report
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
        token: str | None = None
        try:
            token = await fetch_token_async(self._endpoint.token)
            async with connect(**self._endpoint.connect_arguments(token)) as connection:
                self._connection = connection
                expires_in = seconds_until_expiry(token) if token else None
                self._report(Opened(self._number, time.monotonic(), expires_in))
                writer = asyncio.create_task(self._write(connection))
                try:
                    while True:
                        data = await connection.recv()
                        self._report(Received(self._number, time.monotonic(), data))
                finally:
                    writer.cancel()
        except Exception as error:  # noqa: BLE001 - whatever it is, the core decides
            mapped = map_exception(error, [token, *self._endpoint.url_tokens])
            self._report(Lost(self._number, time.monotonic(), mapped))

    async def _write(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # which the reader reports
            while (text := await self.outbox.get()) is not None:
                await connection.send(fragments(text))
            await connection.close()
