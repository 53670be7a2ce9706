"""The sync transport: connections in threads, on `websockets.sync`.

The calling thread never blocks on the network: name resolution, handshakes, token functions and
writes to a peer that stopped reading run in threads of their own, and come back as events.
"""

import contextlib
import os
import queue
import socket
import threading
import time
from collections.abc import Iterable

from websockets.sync.client import ClientConnection, connect

from ws_notify.core.events import Action, Close, Event, Lost, Open, Opened, Received
from ws_notify.endpoint import Endpoint
from ws_notify.tokens import seconds_until_expiry
from ws_notify.transport.errors import log_loss, map_exception
from ws_notify.transport.fetching import fetch_token
from ws_notify.transport.fragments import fragments
from ws_notify.transport.tls import make_context

_LONGEST_WAIT = 1.0
"""Seconds: on Windows, Ctrl-C does not interrupt a wait for a lock before Python 3.14."""


class SyncTransport:
    """Performs the actions of a core, and collects the events of its connections."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._connections: dict[int, _Connection] = {}
        self._closed = False
        self._lock = threading.Lock()  # another thread may close
        self._process = os.getpid()

    def perform(self, actions: Iterable[Action]) -> None:
        """Start these actions; return at once."""
        with self._lock:
            for action in actions:
                self._perform(action)

    def _perform(self, action: Action) -> None:
        number = action.connection
        if isinstance(action, Open):
            if not self._closed:
                self._connections[number] = _Connection(number, self._endpoint, self._events)
        elif connection := self._connections.get(number):
            if isinstance(action, Close):
                connection.close(broken=action.broken)
            else:
                connection.outbox.put(action.text)

    def wait(self, seconds: float) -> list[Event]:
        """Return the events, waiting for the first at most so many seconds; perhaps shorter."""
        found = self._queued()
        if not found and seconds > 0:
            # Only now: in Python 3.10, a `get` whose timeout passes before it begins to wait, as
            # 0.0 does, waits forever unless the queue's lock is held. `_queued` has left it held.
            with contextlib.suppress(queue.Empty):
                found = [self._events.get(timeout=min(seconds, _LONGEST_WAIT))]
            found += self._queued()
        for event in found:
            if isinstance(event, Lost):
                self._forget(event)
        return [event for event in found if event is not None]

    def _queued(self) -> "list[Event | None]":
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._events.get_nowait())
        return found

    def _forget(self, lost: Lost) -> None:
        with self._lock:
            connection = self._connections.pop(lost.connection, None)  # it may be lost twice
        if connection and not connection.closed:
            log_loss(lost.error)

    def close(self, *, timeout: float) -> None:
        """Close every connection, and wait at most so many seconds for the other sides.

        In a process that was forked, the connections are the parent's, and stay.
        """
        connections = self._start_closing()
        deadline = time.monotonic() + timeout
        for connection in connections:
            connection.thread.join(max(0.0, deadline - time.monotonic()))
            if connection.thread.is_alive():
                connection.close(broken=True)

    def _start_closing(self) -> "list[_Connection]":
        if self._process != os.getpid():
            self._closed = True
            return []
        with self._lock:
            self._closed = True
            connections = list(self._connections.values())
        for connection in connections:
            connection.close()
        self._events.put(None)  # ends a `wait`
        return connections

    def __del__(self) -> None:
        self._start_closing()  # the client or the subscription was garbage-collected


class _Connection:
    """One connection: a thread that opens, writes and closes, and one that reads."""

    def __init__(
        self, number: int, endpoint: Endpoint, events: "queue.SimpleQueue[Event | None]"
    ) -> None:
        self.outbox: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.closed = False
        self._number = number
        self._endpoint = endpoint
        self._events = events
        self._socket: socket.socket | None = None
        self._token: str | None = None
        self.thread = threading.Thread(target=self._run, name=f"ws-notify-{number}", daemon=True)
        self.thread.start()

    def close(self, *, broken: bool = False) -> None:
        self.closed = True
        if broken and self._socket:
            with contextlib.suppress(OSError):  # closed meanwhile
                self._socket.shutdown(socket.SHUT_RDWR)
        self.outbox.put(None)

    def _run(self) -> None:
        try:
            token = self._token = fetch_token(self._endpoint.token)
            context = make_context() if self._endpoint.secure else None
            with connect(**self._endpoint.connect_arguments(token), ssl=context) as connection:
                self._socket = connection.socket
                expires_in = seconds_until_expiry(token) if token else None
                self._events.put(Opened(self._number, time.monotonic(), expires_in))
                threading.Thread(target=self._read, args=[connection], daemon=True).start()
                while (text := self.outbox.get()) is not None:
                    connection.send(fragments(text))
        except Exception as error:  # noqa: BLE001 - whatever it is, the core decides
            self._report_loss(error)

    def _read(self, connection: ClientConnection) -> None:
        try:
            while True:
                data = connection.recv()
                self._events.put(Received(self._number, time.monotonic(), data))
        except Exception as error:  # noqa: BLE001 - whatever it is, the core decides
            self._report_loss(error)
            self.outbox.put(None)

    def _report_loss(self, error: Exception) -> None:
        mapped = map_exception(error, [self._token, *self._endpoint.url_tokens])
        self._events.put(Lost(self._number, time.monotonic(), mapped))
