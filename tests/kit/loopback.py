"""An HTTP API as a real server on this machine: `@connections`, or what a test answers."""

import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal

_TIMEOUT: Final = 10.0
"""Seconds that a test waits for an event before it fails."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response with a body: bytes as they stand, or an object as JSON.

    `hang_up`: the connection is closed after it, unannounced.
    """

    status: int
    body: bytes | dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False

    @property
    def data(self) -> bytes:
        """The body on the wire."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as received; header names in lower case."""

    target: str
    headers: dict[str, str]
    body: bytes


ScriptedResponse = (
    int | HttpResponse | Literal["hang", "reset", "hang up"] | Callable[[HttpRequest], HttpResponse]
)
"""A status, with or without a body; no response at all; the connection reset; 200, then closed
unannounced; what a function makes of the request."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # a whole fan-out connects at once


class LoopbackApi:
    """A real HTTP server on a free port of this machine; `otherwise` follows the script."""

    def __init__(
        self, *, otherwise: ScriptedResponse = 200, tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[HttpRequest] = []
        self.connections = 0
        self._script: deque[ScriptedResponse] = deque()
        self._otherwise = otherwise
        self._released = threading.Event()
        self._closed = threading.Semaphore(0)
        self._scheme = "https" if tls else "http"
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    @property
    def endpoint(self) -> str:
        """The address, with a stage as on AWS."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/prod"

    def script(self, *responses: ScriptedResponse) -> None:
        """Answer the next requests so."""
        self._script.extend(responses)

    def wait_closed(self) -> None:
        """Wait until the server has closed a connection."""
        assert self._closed.acquire(timeout=_TIMEOUT)

    def __enter__(self) -> "LoopbackApi":  # noqa: PYI034 - Self is of 3.11, the client of 3.10
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.socket.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # keeps connections

            def setup(self) -> None:
                api.connections += 1
                super().setup()

            def finish(self) -> None:
                super().finish()
                self.connection.close()
                api._closed.release()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = HttpRequest(self.path, headers, body)
                api.requests.append(request)
                api._respond_as_scripted(self, request)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _respond_as_scripted(self, request: BaseHTTPRequestHandler, received: HttpRequest) -> None:
        response = self._script.popleft() if self._script else self._otherwise
        if callable(response):
            response = response(received)
        match response:
            case "hang":
                self._released.wait(_TIMEOUT)
                request.close_connection = True
            case "reset":
                # Lingering for no time makes the kernel send RST instead of FIN.
                request.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                request.close_connection = True
            case "hang up":
                _respond(request, 200)
                request.close_connection = True
            case HttpResponse(status):
                _respond(request, status, response.data, response.headers)
                request.close_connection |= response.hang_up
            case status:
                _respond(request, status)


def _respond(
    request: BaseHTTPRequestHandler,
    status: int,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> None:
    given = headers or {}
    if "Date" in given:
        request.send_response_only(status)
    else:
        request.send_response(status)
    for name, value in given.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
