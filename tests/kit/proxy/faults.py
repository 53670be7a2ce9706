"""What may happen to a request on its way, as values."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Semaphore

from tests.kit.proxy.requests import Request, Step

ALWAYS = -1


@dataclass(frozen=True, slots=True)
class Response:
    """The request is not forwarded; this is the response, for `seconds` from the first one on."""

    status: int
    body: bytes = b"{}"
    seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class Drop:
    """The request is neither forwarded nor answered."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset: before the request was forwarded, or instead of its response."""

    forwarded: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    """The request is forwarded; half of its response arrives before the connection closes."""


@dataclass(frozen=True, slots=True)
class Delay:
    """The request waits for so many seconds, and is then forwarded."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """The request waits until `release` is set, and is then forwarded."""

    release: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class Unprocessed:
    """Of a batch only the first item is written, or none; the response has the others."""

    everything: bool = False


@dataclass(frozen=True, slots=True)
class Malformed:
    """The request is forwarded; its response is not valid HTTP or JSON, or another than the true.

    `body` builds it from the bodies of the request and of the true response. `chunked`: it is
    announced as chunks, and the connection closes after it.
    """

    body: Callable[[bytes, bytes], bytes]
    chunked: bool = False


Fault = Response | Drop | Reset | Truncate | Delay | Hold | Unprocessed | Malformed


def dynamodb_error(code: str) -> Response:
    """Return a response with status 400 as DynamoDB words it."""
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return Response(400, json.dumps({"__type": kind, "message": "by the proxy"}).encode())


class Rule:
    """A fault for the requests of one step, `times` of them or ALWAYS.

    `only`: the merchant or the connection that a request must mention. Others pass: `$disconnect`
    of connections that closed earlier may still be running.
    """

    def __init__(self, step: Step, fault: Fault, times: int = 1, *, only: str) -> None:
        self.fault = fault
        self.times = times
        self.only = only
        self.hits = 0
        self._step = step
        self._lock = Lock()
        self._hit = Semaphore(0)
        self._ends = math.inf

    def claim(self, request: Request) -> bool:
        """Tell whether the fault is for this request, and count it."""
        if request.step != self._step or not request.mentions(self.only):
            return False
        with self._lock:
            now = time.monotonic()
            if not self.hits and isinstance(self.fault, Response):
                self._ends = now + self.fault.seconds
            if self.hits == self.times or now > self._ends:
                return False
            self.hits += 1
        self._hit.release()
        return True

    def wait_for_hit(self, timeout: float) -> None:
        """Wait for the next request with the fault; raise TimeoutError after so many seconds."""
        if not self._hit.acquire(timeout=timeout):
            raise TimeoutError(f"no {self._step} came within {timeout} seconds")
