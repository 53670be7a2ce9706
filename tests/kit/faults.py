"""What may happen to a request on its way, as values; `proxy` makes it happen."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Semaphore

from tests.kit.calls import Call

ALWAYS = -1


@dataclass(frozen=True, slots=True)
class Answer:
    """The request is not forwarded; this is answered."""

    status: int
    body: bytes = b"{}"


@dataclass(frozen=True, slots=True)
class Lie(Answer):
    """The same for so many seconds from the first request on: of a connection that lives."""

    status: int = 410
    seconds: float = 0.15


@dataclass(frozen=True, slots=True)
class Drop:
    """The request is not forwarded, and never answered."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset: before the request was forwarded, or instead of its answer."""

    forwarded: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """The request is forwarded, and half of its answer arrives before the connection closes."""


@dataclass(frozen=True, slots=True)
class Delay:
    """The request waits for so many seconds, and is then forwarded."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """The request waits until `release` is set, and is then forwarded."""

    release: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class Partial:
    """Of a batch only the first item is written, or none; the others come back as unprocessed."""

    none: bool = False


@dataclass(frozen=True, slots=True)
class Garbled:
    """The request is forwarded; its answer comes, but is not what HTTP or JSON says.

    `body` makes what comes of the request's body and the answer's. `chunked`: it is announced as
    chunks, and the connection closes behind it.
    """

    body: Callable[[bytes, bytes], bytes]
    chunked: bool = False


Fault = Answer | Drop | Reset | Cut | Delay | Hold | Partial | Garbled


def refusal(code: str, status: int = 400) -> Answer:
    """Answer as DynamoDB refuses."""
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return Answer(status, json.dumps({"__type": kind, "message": "by the proxy"}).encode())


class Rule:
    """One fault for the requests of one step, `times` of them or ALWAYS.

    `only`: the merchant or the connection that a request must speak of. Others pass: connections
    that closed earlier may still be forgotten.
    """

    def __init__(self, step: str, fault: Fault, times: int = 1, *, only: str) -> None:
        self.fault = fault
        self._step = step
        self.times = times
        self.only = only
        self._lock = Lock()
        self._met = Semaphore(0)
        self.hits = 0
        self._ends = 0.0

    def takes(self, call: Call) -> bool:
        """Tell whether this request is to suffer, and count it."""
        if call.step != self._step or not call.names(self.only):
            return False
        with self._lock:
            if self.hits == self.times or self._is_over():
                return False
            self.hits += 1
        self._met.release()
        return True

    def _is_over(self) -> bool:
        """Tell whether a lie has lasted for its time."""
        if not isinstance(self.fault, Lie):
            return False
        now = time.monotonic()
        if not self.hits:
            self._ends = now + self.fault.seconds
        return now > self._ends

    def wait_until_met(self, seconds: float) -> None:
        """Return once a request suffers that was not waited for before; raise TimeoutError."""
        if not self._met.acquire(timeout=seconds):
            raise TimeoutError(f"no {self._step} came within {seconds} seconds")
