"""The clients and publishers of a run: they follow their scripts and answer to what they hear."""

from collections import Counter
from typing import Any, Protocol

from tests.simulation.choices import Choices
from tests.simulation.connections import Connection, Sockets
from tests.simulation.invariants import Judge
from tests.simulation.scenario import TOPICS, Script, Step
from tests.simulation.scheduler import Scheduler

_TRIES = 3
_DOUBLED_ONCE_IN = 12


class Surroundings(Protocol):
    """What people know of the world."""

    choices: Choices
    judge: Judge
    scheduler: Scheduler
    sockets: Sockets
    due: list[Any]
    perhaps: list[Any]

    @property
    def now(self) -> int:
        """The time, in milliseconds since 1970."""

    def handle(
        self,
        name: str,
        frame: dict[str, Any],
        connection: Connection | None,
        request_id: str,
        done: Any,
    ) -> None:
        """Invoke the function behind `$default`."""

    def close(self, connection: Connection) -> None:
        """Close a connection."""

    def pause(self, milliseconds: int) -> None:
        """Let time go by."""


class Person:
    """Somebody with a script."""

    def __init__(self, world: Surroundings, script: Script) -> None:
        self._world = world
        self._name = script.actor
        self._raw = script.raw
        self.steps = list(reversed(script.steps))
        self._requests = 0

    def may_move(self) -> bool:
        """Whether the next step can be done now."""
        if not self.steps:
            return False
        step = self.steps[-1]
        if step.kind == "pause":
            return not self._world.scheduler.tasks
        return self._may(step)

    def move(self) -> None:
        """Do the next step."""
        step = self.steps.pop()
        if step.kind == "pause":
            self._world.pause(step.amount)
        else:
            self._do(step)

    def _may(self, step: Step) -> bool:
        raise NotImplementedError

    def _do(self, step: Step) -> None:
        raise NotImplementedError

    def _request_id(self) -> str:
        self._requests += 1
        return f"{self._name}-{self._requests}"

    def _copies(self) -> int:
        return 2 if self._world.choices.one_in(_DOUBLED_ONCE_IN) else 1


class Client(Person):
    """Subscribes and listens. What it sends for one topic waits for its unsubscribes there."""

    def __init__(self, world: Surroundings, script: Script) -> None:
        super().__init__(world, script)
        self._connection: Connection | None = None
        self._connected = 0
        self._since: dict[int, str] = {}
        self._subscribing: Counter[int] = Counter()
        self._unsubscribing: Counter[int] = Counter()

    def _may(self, step: Step) -> bool:
        if step.kind == "subscribe":
            return not self._unsubscribing[step.topic]
        if step.kind == "unsubscribe":
            return not self._subscribing[step.topic] and not self._unsubscribing[step.topic]
        return True

    def _do(self, step: Step) -> None:
        if step.kind == "subscribe":
            self._subscribe(step.topic, self._open(), 1)
            return
        connection = self._connection
        if connection is None or not connection.is_served(self._world.now):
            return
        match step.kind:
            case "unsubscribe":
                self._unsubscribe(step.topic, connection)
            case "close":
                self._world.close(connection)
            case "vanish":
                connection.vanished = True
                self._world.scheduler.note(f"{self._name} vanishes from {connection.id}")
                self._world.perhaps.append(lambda: self._world.close(connection))

    def _open(self) -> Connection:
        connection = self._connection
        if connection is None or not connection.is_served(self._world.now):
            self._connected += 1
            viewer = f"{self._name}.{self._connected}" if self._raw else self._name
            connection = self._connection = self._world.sockets.open(viewer)
            self._world.scheduler.note(f"{self._name} opens {connection.id}")
        return connection

    def _subscribe(self, topic: int, connection: Connection, tries: int) -> None:
        if not connection.is_served(self._world.now) or self._unsubscribing[topic]:
            return
        frame = _frame("frontend", topic)
        if not self._raw and topic in self._since:
            frame["since"] = self._since[topic]
        key = TOPICS[topic].key
        request_id = self._request_id()
        started = self._world.judge.asks(connection, key)
        for copy in range(self._copies()):

            def done(reply: Any, copy: int = copy) -> None:
                self._subscribing[topic] -= 1
                if reply is not None and reply["type"] == "subscribed":
                    self._stands(topic, connection, started, reply)
                elif not copy and not self._raw and tries < _TRIES:
                    self._world.due.append(lambda: self._subscribe(topic, connection, tries + 1))

            self._subscribing[topic] += 1
            self._world.handle(self._name, frame, connection, request_id, done)

    def _stands(
        self, topic: int, connection: Connection, started: int, reply: dict[str, Any]
    ) -> None:
        if connection.hears(self._world.now):
            self._since[topic] = reply["now"]
            self._world.judge.replayed(connection, reply["replayed"])
            self._world.judge.subscribed(connection, TOPICS[topic].key, started, self._world.now)

    def _unsubscribe(self, topic: int, connection: Connection) -> None:
        def done(_reply: Any) -> None:
            self._unsubscribing[topic] -= 1

        topic_ = TOPICS[topic]
        self._world.judge.unsubscribes(connection, topic_.key)
        frame = {"action": "unsubscribe", "merchant_id": topic_.merchant_id, "ref": topic_.ref}
        self._unsubscribing[topic] += 1
        self._world.handle(self._name, frame, connection, self._request_id(), done)


class Publisher(Person):
    """Publishes one after another, and again with the same id where it got no receipt."""

    def __init__(self, world: Surroundings, script: Script) -> None:
        super().__init__(world, script)
        self._busy = 0

    def _may(self, _step: Step) -> bool:
        return not self._busy

    def _do(self, step: Step) -> None:
        self._publish(step, 1)

    def _publish(self, step: Step, tries: int) -> None:
        frame = _frame("backend", step.topic) | {
            "project": "p",
            "type": "t",
            "status": "done",
            # Equally long, so that they must be compared.
            "message": "it is lost" if step.kind == "publish other" else "it is done",
        }
        if step.amount:
            frame["id"] = f"{self._name}-n{step.amount}"
        request_id = self._request_id()
        for copy in range(self._copies()):
            self._busy += 1
            self._world.handle(
                self._name,
                frame,
                None,
                request_id,
                lambda reply, copy=copy: self._answered(step, tries, copy, reply),
            )

    def _answered(self, step: Step, tries: int, copy: int, reply: Any) -> None:
        """Go on, or try again, or give up."""
        self._busy -= 1
        if reply is not None and not reply.get("retryable"):
            return
        if not copy and tries < _TRIES and self._world.choices.below(4) < 3:
            self._busy += 1

            def again() -> None:
                self._busy -= 1
                self._publish(step, tries + 1)

            self._world.due.append(again)


def _frame(client: str, topic: int) -> dict[str, Any]:
    return {
        "client": client,
        "merchant_id": TOPICS[topic].merchant_id,
        "ref": TOPICS[topic].ref,
    }
