"""One run of a scenario: its connections, and the guarantees that did not hold."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.faults.proxied_stage import REF, ProxiedStage
from tests.kit.peer import Frame, Peer, peer, publication, unique
from tests.kit.proxy.faults import Rule

DEADLINE = 29.0
"""Seconds that API Gateway waits for an integration."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the frame with the fault was answered, and the guarantees that did not hold."""

    reply: str
    violations: tuple[str, ...]


class Checks:
    """Notes violations instead of raising, so that a run goes on to its end."""

    def __init__(self) -> None:
        self._violations: list[str] = []

    def require(self, holds: object, guarantee: str) -> None:
        """Note a guarantee that does not hold."""
        if not holds:
            self._violations.append(guarantee)

    def outcome(self, reply: str) -> Outcome:
        """Return what was noted."""
        return Outcome(reply, tuple(self._violations))


class Run(Checks):
    """A merchant's topic, and a subscriber to the same ref of another merchant."""

    def __init__(self, stage: ProxiedStage, connections: ExitStack) -> None:
        super().__init__()
        self.stage = stage
        self.merchant = unique("shop")
        self._connections = connections
        self._other = unique("other")
        self._others_subscriber = self.connect()
        self._others_subscriber.subscribe(self._other, REF)
        self._others_entries = stage.entries(self._other)

    def connect(self) -> Peer:
        """Open a connection."""
        return self._connections.enter_context(peer(self.stage.local.url))

    def publish(self, backend: Peer, id_: str) -> Frame:
        """Publish to the topic and return the reply."""
        return backend.ask(publication(self.merchant, REF, id=id_))

    def send_with_faults(self, rules: tuple[Rule, ...], sender: Peer, frame: Frame) -> list[Frame]:
        """Send a frame while the rules are in force; return every frame that came back."""
        with self.stage.proxy.injected(*rules):
            started = time.monotonic()
            sender.send(frame)
            frames = sender.drain()
            seconds = time.monotonic() - started
        self.require(all(rule.hits for rule in rules), "every fault is injected")
        self.require(seconds < DEADLINE, "a reply comes within the deadline")
        return frames

    def require_retryable(self, reply: Frame) -> None:
        """Note a reply that is not a retryable error."""
        self.require(
            (reply.get("code"), reply.get("retryable")) == ("internal_error", True),
            f"the reply is a retryable error: {reply}",
        )

    def end(self, reply: str) -> Outcome:
        """Check that the other merchant got nothing, and return the outcome."""
        live = self._others_subscriber.drain()
        self.require(not notification_ids(live), "another merchant's subscriber gets nothing")
        replay = self._others_subscriber.subscribe(self._other, REF)
        self.require(not notification_ids(replay), "another merchant's replay is empty")
        unchanged = self.stage.entries(self._other) == self._others_entries
        self.require(unchanged, "another merchant's entries do not change")
        return self.outcome(reply)


@contextmanager
def started(stage: ProxiedStage) -> Iterator[Run]:
    """Begin a run; its connections close with the block."""
    with ExitStack() as connections:
        yield Run(stage, connections)


def notification_ids(frames: list[Frame]) -> list[str]:
    """Return the ids of the notifications among frames."""
    return [frame["id"] for frame in frames if frame["client"] == "backend"]


def replies(frames: list[Frame]) -> list[Frame]:
    """Return the frames of the service itself."""
    return [frame for frame in frames if frame["client"] == "server"]
