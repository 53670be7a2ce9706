"""Links in threads, on `websockets.sync`.

The driving thread never blocks on the network: name resolution, handshakes, tokens and writes to a
peer that reads no more happen in threads of their own, and come back as events.
"""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Iterable

from websockets.sync.client import ClientConnection, connect

from ws_notify.address import Address, checked_token, failure_of, log_loss, pieces, token_failed
from ws_notify.core.events import Action, Close, Event, Lost, Open, Opened, Received
from ws_notify.exceptions import WsNotifyError
from ws_notify.tokens import seconds_left


class Links:
    """Performs what a core asks for, and collects what happens."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._links: dict[int, _Link] = {}
        self._closed = False
        self._lock = threading.Lock()  # another thread may close

    def perform(self, actions: Iterable[Action]) -> None:
        """Start what is asked for; return at once."""
        with self._lock:
            for action in actions:
                self._perform(action)

    def _perform(self, action: Action) -> None:
        if isinstance(action, Open):
            if not self._closed:
                self._links[action.link] = _Link(action.link, self._address, self._events)
        elif link := self._links.get(action.link):
            if isinstance(action, Close):
                link.close(broken=action.broken)
            else:
                link.outbox.put(action.text)

    def wait(self, seconds: float) -> list[Event]:
        """Return what happened, waiting for the first of it; nothing after so many seconds."""
        found = self._arrived()
        if not found and seconds > 0:
            # Only now: a timeout that passes before `get` begins to wait, as 0.0 does, makes Python
            # 3.10 wait for ever, unless the queue's lock is held. `_arrived` has left it so.
            with contextlib.suppress(queue.Empty):
                found = [self._events.get(timeout=min(seconds, threading.TIMEOUT_MAX))]
            found += self._arrived()
        for event in found:
            if isinstance(event, Lost):
                self._forget(event)
        return [event for event in found if event is not None]

    def _arrived(self) -> "list[Event | None]":
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._events.get_nowait())
        return found

    def _forget(self, lost: Lost) -> None:
        with self._lock:
            known = self._links.pop(lost.link, None)  # it may be lost twice
        if known and not known.closed:
            log_loss(lost.error)

    def close(self, *, patience: float) -> None:
        """Close every link, and wait at most so many seconds for the other sides."""
        links = self._drop()
        end = time.monotonic() + patience
        for link in links:
            link.thread.join(max(0.0, end - time.monotonic()))
            if link.thread.is_alive():
                link.close(broken=True)

    def _drop(self) -> "list[_Link]":
        with self._lock:
            self._closed = True
            links = list(self._links.values())
        for link in links:
            link.close()
        self._events.put(None)  # ends a `wait`
        return links

    def __del__(self) -> None:
        self._drop()  # nobody has the client or the subscription any more


class _Link:
    """One connection: a thread that opens, writes and closes, and one that reads."""

    def __init__(
        self, number: int, address: Address, events: "queue.SimpleQueue[Event | None]"
    ) -> None:
        self.outbox: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.closed = False
        self._number = number
        self._address = address
        self._events = events
        self._socket: socket.socket | None = None
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
            token = self._token()
            with connect(**self._address.arguments(token)) as connection:
                self._socket = connection.socket
                left = seconds_left(token) if token else None
                self._events.put(Opened(self._number, time.monotonic(), left))
                threading.Thread(target=self._read, args=[connection], daemon=True).start()
                while (text := self.outbox.get()) is not None:
                    connection.send(pieces(text))
        except Exception as error:  # noqa: BLE001 - whatever it is, the core decides
            self._lost(error)

    def _token(self) -> str | None:
        token = self._address.token
        if not callable(token):
            return token
        try:
            fetched = token()
        except WsNotifyError:
            raise
        except Exception as error:
            raise token_failed(error) from error
        return checked_token(fetched)

    def _read(self, connection: ClientConnection) -> None:
        try:
            while True:
                data = connection.recv()
                self._events.put(Received(self._number, time.monotonic(), data))
        except Exception as error:  # noqa: BLE001 - whatever it is, the core decides
            self._lost(error)
            self.outbox.put(None)

    def _lost(self, error: Exception) -> None:
        self._events.put(Lost(self._number, time.monotonic(), failure_of(error)))
