"""An HTTP proxy on loopback that lets requests through, or makes them suffer what a rule says."""

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.kit.calls import Call, first_item
from tests.kit.faults import (
    Answer,
    Cut,
    Delay,
    Drop,
    Fault,
    Garbled,
    Hold,
    Partial,
    Reset,
    Rule,
)

# On closing with a lingering time of zero the kernel sends a reset instead of a farewell.
_AT_ONCE = struct.pack("ii", 1, 0)
_UPSTREAM_SECONDS = 30


class Proxy(ThreadingHTTPServer):
    """Stands on a free port of 127.0.0.1 before `target`, e.g. http://127.0.0.1:4566."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.target = urlsplit(target)
        self._rules: list[Rule] = []
        self._lock = Lock()

    @property
    def address(self) -> str:
        """Return where it listens, as AWS_ENDPOINT_URL wants it."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def instead_of(self, address: str) -> str:
        """Return an address below the target as one below the proxy."""
        return self.address + urlsplit(address).path

    @contextmanager
    def troubled(self, *rules: Rule) -> Iterator[None]:
        """Make requests suffer meanwhile; of several rules that fit, the first."""
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

    def fault_for(self, call: Call) -> Fault | None:
        """Return what this request suffers."""
        with self._lock:
            return next((rule.fault for rule in self._rules if rule.takes(call)), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a function that gave up waiting, or was killed, is what this is for."""


class _Exchange(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        call = Call(self.path, self.headers.get("X-Amz-Target", ""), body)
        match self.server.fault_for(call):
            case None:
                self._answer(self._forward(call))
            case Answer() as answer:
                self._answer(answer)
            case Drop():
                self.connection.recv(1)  # returns when the client gives up
                self.close_connection = True
            case Reset(forwarded):
                self._reset(call, forwarded=forwarded)
            case Cut():
                answer = self._forward(call)
                self._answer(answer, len(answer.body) // 2)
                self.close_connection = True
            case Delay(seconds):
                time.sleep(seconds)
                self._answer(self._forward(call))
            case Hold(release):
                release.wait()
                self._answer(self._forward(call))
            case Garbled(garbage, chunked):
                answer = self._forward(call)
                said = garbage(call.body, answer.body)
                self._answer(Answer(answer.status, said), chunked=chunked)
            case Partial(none):
                self._answer(self._part(call, none=none))

    def _part(self, call: Call, *, none: bool) -> Answer:
        one, left = first_item(call)
        if none or not left:
            left = call.parameters["RequestItems"]
        elif (answer := self._forward(one)).status != HTTPStatus.OK:
            return answer
        return Answer(HTTPStatus.OK, json.dumps({"UnprocessedItems": left}).encode())

    def _forward(self, call: Call) -> Answer:
        target = self.server.target
        upstream = http.client.HTTPConnection(
            target.hostname or "", target.port, timeout=_UPSTREAM_SECONDS
        )
        headers = {
            name: value for name, value in self.headers.items() if name.lower() != "content-length"
        }
        try:
            upstream.request("POST", call.path, call.body, headers)
            answer = upstream.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            upstream.close()

    def _answer(self, answer: Answer, at_most: int | None = None, *, chunked: bool = False) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[:at_most])

    def _reset(self, call: Call, *, forwarded: bool) -> None:
        if forwarded:
            self._forward(call)
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.rfile.close()  # it holds the socket open
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the inherited name
        """Say nothing."""


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """Start one, and end it."""
    with Proxy(target) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
