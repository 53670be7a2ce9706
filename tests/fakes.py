"""What the service talks to, played: the clock, `@connections`, DynamoDB on a bad day, Lambda.

A fake does what the real thing does in the smallest way, can be told to fail, and writes down what
it was asked. Steps of several fakes go into one journal where their order matters.
"""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Literal, Self

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Journal = list[str]
"""Names of steps in the order in which they began, e.g. `put said`, `query joined`, `post c1`."""

_A_WHILE: Final = 10.0
"""Seconds after which a test that waits for what never comes fails."""


class FakeClock:
    """A clock of the wall that stands still until it is moved; starts at 2026-11-23 09:30 UTC."""

    def __init__(self) -> None:
        self.now = 1_795_426_200_000

    def __call__(self) -> int:
        return self.now

    def advance(self, *, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * 1000)


class FakeTime:
    """Stands in for the module `time`: sleeping takes no time but moves the clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Return the seconds on a clock that starts anywhere."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._now += seconds


class LongestPauses:
    """Stands in for the module `random`: every pause is as long as it may be."""

    @staticmethod
    def uniform(_low: float, high: float) -> float:
        """Return the upper end."""
        return high


Answer = int | Exception | Callable[[], int]
"""An HTTP status; an exception to raise; or what works one out, e.g. after waiting."""


@dataclass(frozen=True, slots=True)
class Post:
    """One call of the fake `@connections`."""

    connection_id: str
    text: str
    timeout: float
    accepted: bool

    @property
    def frame(self) -> dict[str, Any]:
        """The frame as a client would read it."""
        frame: dict[str, Any] = json.loads(self.text)
        return frame


class FakeApi:
    """`@connections` without HTTP: takes every post, but for connections that have a script."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.posts: list[Post] = []
        self.most_at_once = 0
        self._at_once = 0
        self._scripts: dict[str, deque[Answer]] = {}
        self._journal = [] if journal is None else journal
        self._lock = threading.Lock()

    def script(self, connection_id: str, *answers: Answer) -> None:
        """Answer posts to this connection one after another so; the last answer stays."""
        self._scripts[connection_id] = deque(answers)

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:
        """Return the HTTP status, or raise, as scripted; 200 without a script."""
        with self._lock:
            self._journal.append(f"post {connection_id}")
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            answer = self._next(connection_id)
        status = 0
        try:
            if isinstance(answer, Exception):
                raise answer
            status = answer if isinstance(answer, int) else answer()
        finally:
            with self._lock:
                self._at_once -= 1
                self.posts.append(Post(connection_id, data.decode(), timeout, status == 200))
        return status

    def _next(self, connection_id: str) -> Answer:
        script = self._scripts.get(connection_id)
        if script is None:
            return 200
        return script.popleft() if len(script) > 1 else script[0]

    def received(self, connection_id: str) -> list[dict[str, Any]]:
        """Return the frames that this connection got, in order."""
        return [p.frame for p in self.posts if p.connection_id == connection_id and p.accepted]


Call = Callable[[], Any]
Detour = Callable[[Call], Any]
"""Takes the call that would have been made, and answers in its place."""


class TappedDynamo:
    """A DynamoDB client that writes its calls down by what they are for, and fails on demand.

    Steps: `write` (a batch), `put said`, `query said`, `query joined`, `query index`,
    `query connection`.
    """

    def __init__(self, client: "DynamoDBClient", journal: Journal | None = None) -> None:
        self.exceptions = client.exceptions
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._client = client
        self.journal = [] if journal is None else journal
        self._detours: dict[str, Detour] = {}

    def detour(self, step: str, detour: Detour) -> None:
        """Send a step another way."""
        self._detours[step] = detour

    def fail(self, step: str, error: Exception) -> None:
        """Let a step fail instead of being done."""

        def failing(_call: Call) -> Any:
            raise error

        self.detour(step, failing)

    def mend(self) -> None:
        """Let every step be done again."""
        self._detours.clear()

    def lag(self) -> None:
        """Let the index know nothing: it has not caught up with its table."""
        self.detour("query index", lambda _call: {"Items": []})

    def asked(self, step: str) -> list[dict[str, Any]]:
        """Return the parameters of each call of a step."""
        return [parameters for name, parameters in self.calls if name == step]

    def batch_write_item(self, **parameters: Any) -> Any:
        """Write a batch."""
        return self._do("write", lambda: self._client.batch_write_item(**parameters), parameters)

    def put_item(self, **parameters: Any) -> Any:
        """Put an item."""
        return self._do("put said", lambda: self._client.put_item(**parameters), parameters)

    def query(self, **parameters: Any) -> Any:
        """Return a page."""
        return self._do(
            _query_step(parameters), lambda: self._client.query(**parameters), parameters
        )

    def _do(self, step: str, call: Call, parameters: dict[str, Any]) -> Any:
        self.calls.append((step, parameters))
        self.journal.append(step)
        detour = self._detours.get(step)
        return call() if detour is None else detour(call)


def _query_step(parameters: dict[str, Any]) -> str:
    if "IndexName" in parameters:
        return "query index"
    values = parameters["ExpressionAttributeValues"]
    named = {":said": "query said", ":joined": "query joined", ":connection_id": "query connection"}
    return next(step for name, step in named.items() if name in values)


@dataclass(frozen=True, slots=True)
class FakeLambdaContext:
    """What Lambda tells a function of its invocation, as far as anybody asks."""

    function_name: str = "a-function"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:a-function"
    aws_request_id: str = "6f1b7c1e-2d0f-4a53-9a1e-0c1f5ad9f6d1"


HttpAnswer = int | Literal["hang", "reset", "hang up"]
"""A status; no answer at all; the connection torn down; 200, then closed without a word."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What came over the wire; header names in lower case."""

    target: str
    headers: dict[str, str]
    body: bytes


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # a whole fan-out knocks at once


class LoopbackApi:
    """`@connections` as a real HTTP server on a free port of this machine."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.connections = 0
        self._script: deque[HttpAnswer] = deque()
        self._released = threading.Event()
        self._closed = threading.Semaphore(0)
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    @property
    def endpoint(self) -> str:
        """The address, with a stage as on AWS."""
        return f"http://127.0.0.1:{self._server.server_port}/prod"

    def script(self, *answers: HttpAnswer) -> None:
        """Answer the next requests so; 200 afterwards."""
        self._script.extend(answers)

    def wait_closed(self) -> None:
        """Wait until the server has closed a connection."""
        assert self._closed.acquire(timeout=_A_WHILE)

    def __enter__(self) -> Self:
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
                api.requests.append(HttpRequest(self.path, headers, body))
                api._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        answer = self._script.popleft() if self._script else 200
        match answer:
            case "hang":
                self._released.wait(_A_WHILE)
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
            case status:
                _respond(request, status)


def _respond(request: BaseHTTPRequestHandler, status: int) -> None:
    request.send_response(status)
    request.send_header("Content-Length", "0")
    request.end_headers()
