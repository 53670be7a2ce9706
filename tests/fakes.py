"""Fakes of what the service calls: the clock, `@connections`, a failing DynamoDB, Lambda.

A fake does what the real thing does in the smallest way, can be told to fail, and writes down what
it was asked. Steps of several fakes go into one journal where their order matters.
"""

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambdas.layer.aws.dynamodb import DynamoDbClient

Journal = list[str]
"""Names of steps in the order in which they began, e.g. `put notification`, `post c1`."""


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

    Steps: `write` (a batch), `delete`, `put notification`, `query notifications`, `query recent`,
    `query index`, `query connection`.
    """

    def __init__(self, client: "DynamoDbClient", journal: Journal | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._client = client
        self.journal = [] if journal is None else journal
        self._detours: dict[str, Detour] = {}
        self.before_credentials: Callable[[], object] = lambda: None

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

    def resolve_credentials(self) -> None:
        """Find credentials; `before_credentials` is called, as if they had to be fetched."""
        self.before_credentials()

    def batch_write_item(self, **parameters: Any) -> Any:
        """Write a batch."""
        return self._do("write", lambda: self._client.batch_write_item(**parameters), parameters)

    def delete_item(self, **parameters: Any) -> Any:
        """Delete an item."""
        return self._do("delete", lambda: self._client.delete_item(**parameters), parameters)

    def put_item(self, **parameters: Any) -> Any:
        """Put an item."""
        return self._do("put notification", lambda: self._client.put_item(**parameters), parameters)

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
    named = {
        ":notification": "query notifications",
        ":subscription": "query recent",
        ":connection_id": "query connection",
    }
    return next(step for name, step in named.items() if name in values)


@dataclass(frozen=True, slots=True)
class FakeLambdaContext:
    """What Lambda tells a function of its invocation, as far as anybody asks."""

    function_name: str = "a-function"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:a-function"
    aws_request_id: str = "6f1b7c1e-2d0f-4a53-9a1e-0c1f5ad9f6d1"
