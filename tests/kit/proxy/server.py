"""The proxy: it forwards requests, or injects the fault that a rule has for them."""

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.kit.proxy.faults import (
    Delay,
    Drop,
    Fault,
    Hold,
    Malformed,
    Reset,
    Response,
    Rule,
    Truncate,
    Unprocessed,
)
from tests.kit.proxy.requests import Request, split_batch

# Lingering for no time makes the kernel send RST instead of FIN.
_NO_LINGER = struct.pack("ii", 1, 0)
_UPSTREAM_TIMEOUT = 30


class Proxy(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 and forwards to `target`, e.g. http://127.0.0.1:4566."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target)
        self._rules: list[Rule] = []
        self._lock = Lock()

    @property
    def address(self) -> str:
        """Return where it listens, as AWS_ENDPOINT_URL wants it."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def proxied(self, address: str) -> str:
        """Return the proxy's address for one of the target."""
        return self.address + urlsplit(address).path

    @contextmanager
    def injected(self, *rules: Rule) -> Iterator[None]:
        """Inject faults meanwhile; of several rules for one request, the first."""
        with self._lock:
            self._rules.extend(rules)
        try:
            yield
        finally:
            with self._lock:
                self._rules = [rule for rule in self._rules if rule not in rules]
            for rule in rules:
                if isinstance(rule.fault, Hold):
                    rule.fault.release.set()

    def fault_for(self, request: Request) -> Fault | None:
        """Return the fault for this request, and count it."""
        with self._lock:
            return next((rule.fault for rule in self._rules if rule.claim(request)), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: functions that time out or are killed are expected."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = Request(self.path, self.headers.get("X-Amz-Target", ""), body)
        match self.server.fault_for(request):
            case None:
                self._respond(self._forward(request))
            case Response() as response:
                self._respond(response)
            case Drop():
                self.connection.recv(1)  # returns when the client gives up
                self.close_connection = True
            case Reset(forwarded):
                self._reset(request, forwarded=forwarded)
            case Truncate():
                response = self._forward(request)
                self._respond(response, len(response.body) // 2)
                self.close_connection = True
            case Delay(seconds):
                time.sleep(seconds)
                self._respond(self._forward(request))
            case Hold(release):
                release.wait()
                self._respond(self._forward(request))
            case Malformed(build, chunked):
                response = self._forward(request)
                malformed = Response(response.status, build(request.body, response.body))
                self._respond(malformed, chunked=chunked)
            case Unprocessed(everything):
                self._respond(self._forward_first(request, everything=everything))

    def _forward_first(self, request: Request, *, everything: bool) -> Response:
        first, left = split_batch(request)
        if everything or not left:
            left = request.parameters["RequestItems"]
        elif (response := self._forward(first)).status != HTTPStatus.OK:
            return response
        return Response(HTTPStatus.OK, json.dumps({"UnprocessedItems": left}).encode())

    def _forward(self, request: Request) -> Response:
        target = self.server.target
        upstream = http.client.HTTPConnection(
            target.hostname or "", target.port, timeout=_UPSTREAM_TIMEOUT
        )
        headers = {
            name: value for name, value in self.headers.items() if name.lower() != "content-length"
        }
        with closing(upstream):
            upstream.request("POST", request.path, request.body, headers)
            response = upstream.getresponse()
            return Response(response.status, response.read())

    def _respond(
        self, response: Response, at_most: int | None = None, *, chunked: bool = False
    ) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body[:at_most])

    def _reset(self, request: Request, *, forwarded: bool) -> None:
        if forwarded:
            self._forward(request)
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.rfile.close()  # it holds the socket open
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the inherited name
        """Print nothing."""


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """Run a proxy until the block ends."""
    with Proxy(target) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
