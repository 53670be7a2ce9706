"""The actors of a run, clients and publishers: they follow scripts and react to replies."""

from abc import ABC, abstractmethod
from collections import Counter
from functools import partial
from typing import Any

from tests.simulation.records import Connection
from tests.simulation.scenario import TOPICS, Script, Step
from tests.simulation.simulation import Simulation
from tests.simulation.tasks import NEVER

_MAX_TRIES = 3
_SENT_TWICE_ONE_IN = 12


class Actor(ABC):
    """Follows a script."""

    def __init__(self, simulation: Simulation, script: Script) -> None:
        self._simulation = simulation
        self._name = script.actor
        self._raw = script.raw
        self.steps = list(reversed(script.steps))
        self._requests = 0

    def can_act(self) -> bool:
        """Whether the next step can be done now."""
        if not self.steps:
            return False
        step = self.steps[-1]
        if step.kind == "pause":
            return not self._simulation.scheduler.tasks
        return self._can_do(step)

    def act(self) -> None:
        """Do the next step."""
        step = self.steps.pop()
        if step.kind == "pause":
            self._simulation.pause(step.amount)
        else:
            self._do(step)

    def has_ended(self) -> bool:
        """Whether it has no step left, nor may get one."""
        return not self.steps

    def waits_until(self) -> int:
        """Return when the next step can be done, in milliseconds, if only time has to pass."""
        return NEVER

    @abstractmethod
    def _can_do(self, step: Step) -> bool: ...

    @abstractmethod
    def _do(self, step: Step) -> None: ...

    def _request_id(self) -> str:
        self._requests += 1
        return f"{self._name}-{self._requests}"

    def _copies(self) -> int:
        return 2 if self._simulation.choices.one_in(_SENT_TWICE_ONE_IN) else 1


class Client(Actor):
    """Subscribes and listens. What it sends for a topic waits for its unsubscribes there."""

    def __init__(self, simulation: Simulation, script: Script) -> None:
        super().__init__(simulation, script)
        self._connection: Connection | None = None
        self._connected = 0
        self._since: dict[int, str] = {}
        self._subscribing: Counter[int] = Counter()
        self._unsubscribing: Counter[int] = Counter()

    def _can_do(self, step: Step) -> bool:
        if step.kind == "subscribe":
            return not self._unsubscribing[step.topic]
        if step.kind == "unsubscribe":
            return not self._subscribing[step.topic] and not self._unsubscribing[step.topic]
        return True

    def _do(self, step: Step) -> None:
        if step.kind == "subscribe":
            self._subscribe(step.topic, self._open(), 1)
            return
        simulation, connection = self._simulation, self._connection
        if connection is None or not connection.is_served(simulation.now):
            return
        match step.kind:
            case "unsubscribe":
                self._unsubscribe(step.topic, connection)
            case "close":
                simulation.close(connection)
            case "drop":
                connection.dropped = True
                simulation.scheduler.note(f"{self._name} disconnects abruptly: {connection.id}")
                simulation.optional.append(lambda: simulation.close(connection))

    def _open(self) -> Connection:
        connection = self._connection
        if connection is None or not connection.is_served(self._simulation.now):
            self._connected += 1
            viewer = f"{self._name}.{self._connected}" if self._raw else self._name
            connection = self._connection = self._simulation.connections.open(viewer)
            self._simulation.scheduler.note(f"{self._name} opens {connection.id}")
        return connection

    def _subscribe(self, topic: int, connection: Connection, tries: int) -> None:
        simulation = self._simulation
        if not connection.is_served(simulation.now) or self._unsubscribing[topic]:
            return
        frame = _frame("frontend", topic)
        if not self._raw and topic in self._since:
            frame["since"] = self._since[topic]
        request_id = self._request_id()
        sent = simulation.invariants.subscribe_sent(connection, TOPICS[topic].key)
        for copy in range(self._copies()):

            def replied(reply: Any, copy: int = copy) -> None:
                self._subscribing[topic] -= 1
                if reply is not None and reply["type"] == "subscribed":
                    self._subscribed(topic, connection, sent, reply)
                elif not copy and not self._raw and tries < _MAX_TRIES:
                    simulation.pending.append(lambda: self._subscribe(topic, connection, tries + 1))

            self._subscribing[topic] += 1
            simulation.handle(self._name, frame, connection, request_id, replied)

    def _subscribed(
        self, topic: int, connection: Connection, sent: int, reply: dict[str, Any]
    ) -> None:
        now, invariants = self._simulation.now, self._simulation.invariants
        if connection.receives(now):
            self._since[topic] = reply["now"]
            invariants.replayed(connection, reply["replayed"])
            invariants.subscribed(connection, TOPICS[topic].key, sent, now)

    def _unsubscribe(self, topic: int, connection: Connection) -> None:
        def replied(_reply: Any) -> None:
            self._unsubscribing[topic] -= 1

        merchant_id, ref = TOPICS[topic].merchant_id, TOPICS[topic].ref
        self._simulation.invariants.unsubscribe_sent(connection, TOPICS[topic].key)
        frame = {"action": "unsubscribe", "merchant_id": merchant_id, "ref": ref}
        self._unsubscribing[topic] += 1
        self._simulation.handle(self._name, frame, connection, self._request_id(), replied)


class Publisher(Actor):
    """Publishes one after another, and may retry with the same id where it got no receipt."""

    def __init__(self, simulation: Simulation, script: Script) -> None:
        super().__init__(simulation, script)
        self._waiting = 0

    def _can_do(self, _step: Step) -> bool:
        return not self._waiting

    def _do(self, step: Step) -> None:
        self._publish(step, 1)

    def _publish(self, step: Step, tries: int) -> None:
        frame = _frame("backend", step.topic) | {
            "project": "p",
            "type": "t",
            "status": "done",
            # Equally long, so that a comparison by length does not suffice.
            "message": "it is lost" if step.kind == "publish other" else "it is done",
        }
        if step.amount:
            frame["id"] = f"{self._name}-n{step.amount}"
        request_id = self._request_id()
        for copy in range(self._copies()):
            self._waiting += 1
            self._simulation.handle(
                self._name,
                frame,
                None,
                request_id,
                partial(self._replied, step, tries, copy),
            )

    def _replied(self, step: Step, tries: int, copy: int, reply: Any) -> None:
        """Go on, retry or give up."""
        self._waiting -= 1
        if reply is not None and not reply.get("retryable"):
            return
        if not copy and tries < _MAX_TRIES and self._simulation.choices.below(4) < 3:
            self._waiting += 1

            def retry() -> None:
                self._waiting -= 1
                self._publish(step, tries + 1)

            self._simulation.pending.append(retry)


def _frame(client: str, topic: int) -> dict[str, Any]:
    merchant_id, ref = TOPICS[topic].merchant_id, TOPICS[topic].ref
    return {"client": client, "merchant_id": merchant_id, "ref": ref}
