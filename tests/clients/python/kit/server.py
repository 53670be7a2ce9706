"""A real WebSocket server on loopback that runs a test's scripts, one for each connection.

A script is a function of the Visit, or an HTTP status that rejects the handshake. The last one runs
for every further connection, too.
"""

import http
import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from tests.clients.python.kit.frames import receipt, subscribed

Frame = dict[str, Any]
TIMEOUT = 10.0
"""How long a step may take before the test fails, in seconds; every wait ends as it happens."""


class Visit:
    """One connection, from the server's side."""

    def __init__(self, socket_: ServerConnection, number: int, ending: threading.Event) -> None:
        self.socket = socket_
        self.number = number
        self.ending = ending

    def receive(self) -> Frame:
        """Return the next frame of the client."""
        frame = json.loads(self.socket.recv(timeout=TIMEOUT))
        assert isinstance(frame, dict)
        return frame

    def send(self, *frames: str | bytes) -> None:
        for frame in frames:
            self.socket.send(frame)

    def close(self, code: int) -> None:
        """Close with a code; 1006 closes the TCP connection without a close frame."""
        if code == 1006:
            with suppress(OSError):  # closed meanwhile
                self.socket.socket.shutdown(socket.SHUT_RDWR)
        else:
            self.socket.close(code)

    def wait_until_closed(self) -> int | None:
        """Wait until the client has closed, ignoring its frames; return its code."""
        try:
            while True:
                self.socket.recv(timeout=TIMEOUT)
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else None

    def hold(self) -> None:
        """Hold the connection and read nothing, until the test ends."""
        assert self.ending.wait(TIMEOUT)

    def serve(self) -> None:
        """Answer each frame until the client closes, or sends nothing for long."""
        with suppress(ConnectionClosed, TimeoutError):
            while True:
                self.answer(self.receive())

    def answer(self, frame: Frame) -> None:
        if frame["client"] == "frontend":
            self.send(subscribed(frame["ref"]))
        else:
            self.send(receipt(frame["id"], ref=frame["ref"]))


Script = Callable[[Visit], None] | int


class Server:
    """What the scripts share with the test: the URL, and the token of each handshake."""

    def __init__(self, scripts: tuple[Script, ...]) -> None:
        self.url = ""
        self.tokens: list[str | None] = []
        self.failures: list[Exception] = []
        self.ending = threading.Event()
        self._scripts = deque(scripts)
        self._visits: list[tuple[ServerConnection, threading.Thread]] = []
        self._lock = threading.Lock()
        self._current = threading.local()  # a connection has one thread, from handshake to end

    @property
    def handshakes(self) -> int:
        return len(self.tokens)

    def process_request(self, _: ServerConnection, request: Request) -> Response | None:
        with self._lock:
            self.tokens.append(request.headers.get("Authorization"))
            self._current.number = len(self.tokens)
            script = self._scripts.popleft() if len(self._scripts) > 1 else self._scripts[0]
        self._current.script = script
        if script is hang:
            self.ending.wait(TIMEOUT)
            script = 503
        if isinstance(script, int):
            phrase = http.HTTPStatus(script).phrase
            return Response(script, phrase, type(request.headers)({"Content-Length": "0"}))
        return None

    def handle(self, connection: ServerConnection) -> None:
        self._visits.append((connection, threading.current_thread()))
        try:
            self._current.script(Visit(connection, self._current.number, self.ending))
        except Exception as error:  # noqa: BLE001 - raised where the test sees it
            if not (self.ending.is_set() and isinstance(error, ConnectionClosed)):
                self.failures.append(error)

    def end(self) -> None:
        """Close the connections and wait for their scripts: websockets does so since version 17."""
        for connection, thread in self._visits:
            connection.close(1001)
            thread.join()


def hang(_: Visit) -> None:
    """Script: accept the connection, and never answer its handshake."""


@contextmanager
def scripted(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server of these scripts. Raises what failed in them."""
    here = Server(scripts)
    with serve(
        here.handle,
        "127.0.0.1",
        0,
        process_request=here.process_request,
        max_size=None,
        close_timeout=0.1,
        ping_interval=None,
        ssl=tls,
    ) as server:
        server.SHUTDOWN_POLLING_INTERVAL = 0.01  # a test has no 0.1 s to wait for its threads
        here.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{server.socket.getsockname()[1]}/dev"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield here
        finally:
            here.ending.set()
            server.shutdown()
            thread.join()
            here.end()
    if here.failures:
        raise here.failures[0]
