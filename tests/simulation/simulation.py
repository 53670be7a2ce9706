"""A run: a scenario, played by the shipped code over the models, in the order of the choices."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lambdas.layer import storage
from lambdas.layer.auth.principal import FRONTEND, Identity
from lambdas.layer.handler import Handler
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage
from tests.kit.dynamodb import CONNECTIONS, LEDGER, RETENTION
from tests.kit.expressions import Item
from tests.simulation import patches
from tests.simulation.actors import Client, Person, Publisher
from tests.simulation.choices import Choices
from tests.simulation.connections import Connection, Sockets
from tests.simulation.dynamodb import UnreliableDynamoDb
from tests.simulation.invariants import Judge
from tests.simulation.notifications import Violation
from tests.simulation.scenario import Scenario
from tests.simulation.scheduler import Scheduler
from tests.simulation.tasks import Done, Invocation

DEFAULT_LAG = 240
"""Seconds by which the index lags at most; `joined` covers 300, less what clocks differ by."""

_MAX_REPLAYED = (*(storage.MAX_REPLAYED,) * 5, 3, 2, 1)
"""In some runs fewer than shipped: there are never as many lines."""

_START = 1_800_000_000_000
_STEPS_AT_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run; `choices` and the scenario make it again."""

    violation: Violation | None
    choices: list[int]
    lag: int
    published: int
    delivered: int
    invocations: int
    trace: list[str] = field(default_factory=list)


class World:
    """Everything that a run consists of."""

    def __init__(self, scenario: Scenario, scheduler: Scheduler, lag: int, most: int) -> None:
        self.choices = scheduler.choices
        self.lag = lag
        self.scheduler = scheduler
        self.judge = Judge(most)
        self.tables = UnreliableDynamoDb(self.scheduler, self.lag * 1000, self._said, self._deleted)
        self.judge.tables = self.tables
        self.sockets = Sockets(self.scheduler, self.judge)
        self.scheduler.on_suspension = self.sockets.suspended
        self.storage = Storage(
            self.tables,
            connections=CONNECTIONS,
            ledger=LEDGER,
            retention=RETENTION,
            clock=self._clock,
        )
        sender = Sender(self.sockets, clock=self._clock)
        self.handler = Handler(self.storage, sender, clock=self._clock)
        self.due: list[Callable[[], None]] = []
        """What must happen yet, at a moment that the choices choose."""
        self.perhaps: list[Callable[[], None]] = []
        """What may happen yet, late, or never."""
        self.invocations = 0
        self._people: list[Person] = [
            (Client if script.actor.startswith("client") else Publisher)(self, script)
            for script in scenario
        ]

    @property
    def now(self) -> int:
        """The time, in milliseconds since 1970."""
        return self.scheduler.now

    def handle(
        self,
        name: str,
        frame: dict[str, Any],
        connection: Connection | None,
        request_id: str,
        done: Callable[[Any], None],
    ) -> None:
        """Invoke the function behind `$default`."""
        text = _text(tuple(frame.items()))
        if self.scheduler.traced:
            self.scheduler.note(f"{name} sends {text}")
        id_ = None if connection is None else connection.id
        opened = None if connection is None else connection.opened_at
        principal = _principal(connection, frame["merchant_id"], str(frame["ref"]))

        def call() -> Any:
            return self.handler.handle(
                id_, text, request_id=request_id, connected_at=opened, principal=principal
            )

        def answered(invocation: Invocation, reply: Any) -> None:
            topic = f"{frame['merchant_id']}#{frame['ref']}"
            if reply is not None and reply["type"] == "receipt":
                said = reply["id"], frame["message"]
                self.judge.receipt(topic, *said, invocation, self.now)
            if not invocation.died:
                self.judge.ended(topic, invocation)
            done(reply)

        self.invoke(f"{name} ({request_id})", call, answered, direct=connection is None)

    def invoke(
        self, name: str, call: Callable[[], Any], done: Done, *, direct: bool = False
    ) -> None:
        """Start an invocation; see Scheduler.invoke."""
        self.invocations += 1

        def answered(invocation: Invocation, reply: Any) -> None:
            if self.scheduler.traced:
                self.scheduler.note(f"{name} {'died' if invocation.died else f'answers {reply}'}")
            done(invocation, reply)

        self.scheduler.invoke(name, call, answered, direct=direct)

    def close(self, connection: Connection) -> None:
        """Let API Gateway know that a connection is closed; `$disconnect` comes 0 to 2 times."""
        if connection.closed:
            return
        connection.closed = True
        self.scheduler.note(f"{connection.id} is closed")
        for number in range((1, 1, 0, 2)[self.choices.below(4)]):
            self.perhaps.append(lambda number=number: self._disconnect(connection, number))  # type: ignore[misc]

    def pause(self, milliseconds: int) -> None:
        """Let time go by while nothing runs."""
        self.scheduler.note(f"{milliseconds / 1000:.0f} seconds go by")
        self.scheduler.now += milliseconds
        self.tables.sweep()

    def play(self) -> None:
        """Do everything that is to be done, in the order that the choices say."""
        people = self._people
        for _ in range(_STEPS_AT_MOST):
            if people and not all(person.steps for person in people):
                people = [person for person in people if person.steps]
            ready = self.scheduler.runnable()
            moves = [person.move for person in people if person.may_move()]
            if not ready and not moves and not self.due:
                if not self.scheduler.sleep_on():
                    return
                continue
            count = len(ready) + len(moves) + len(self.due) + len(self.perhaps)
            at = self.choices.below(count) if count > 1 else 0
            if at < len(ready):
                self.scheduler.step(ready[at])
            elif (at := at - len(ready)) < len(moves):
                moves[at]()
            elif (at := at - len(moves)) < len(self.due):
                self.due.pop(at)()
            else:
                self.perhaps.pop(at - len(self.due))()
            if self.judge.violation is not None:
                return
        raise RuntimeError("a run does not come to its end")

    def _disconnect(self, connection: Connection, number: int) -> None:
        self.scheduler.note(f"$disconnect of {connection.id}")

        def forget() -> None:
            self.storage.delete_subscriptions(connection.id)

        self.invoke(f"disconnect {connection.id}.{number}", forget, lambda _, __: None)

    def _clock(self) -> int:
        return self.scheduler.now + self.scheduler.current().invocation.skew

    def _said(self, item: Item) -> None:
        text = item["notification"]["S"]
        content = json.loads(text)
        # Not the item's key: the service may have got that wrong.
        topic = f"{content['merchant_id']}#{content['ref']}"
        self.judge.said(topic, content, text, self.now, self.scheduler.current().invocation)

    def _deleted(self, key: tuple[str, str]) -> None:
        self.judge.deleted(self.sockets.connections[key[0]], key[1], self.now)


def _principal(connection: Connection | None, merchant_id: str, ref: str) -> Identity | None:
    """Return who a connection speaks for: what a token allows is proved elsewhere, not its end."""
    if connection is None or connection.token_expires_at_ms is None:
        return None
    return Identity(FRONTEND, merchant_id, frozenset({ref}), connection.token_expires_at_ms)


@lru_cache(maxsize=4096)
def _text(frame: tuple[tuple[str, Any], ...]) -> str:
    return json.dumps(dict(frame))


def run(
    scenario: Scenario, choices: Choices, *, max_lag: int = DEFAULT_LAG, traced: bool = False
) -> Run:
    """Play a scenario and return what came of it.

    Raises what the service raised where it should raise nothing that the model had not raised.
    """
    scheduler = Scheduler(choices, _START, traced=traced)
    lag = choices.below(max_lag + 1)
    most = _MAX_REPLAYED[choices.below(len(_MAX_REPLAYED))]
    scheduler.note(f"the index lags {lag} s, a replay holds {most} at most")
    with patches.installed(scheduler, most) as log:
        world = World(scenario, scheduler, lag, most)
        try:
            world.play()
        finally:
            scheduler.abandon()
    if log.unexpected is not None:
        raise log.unexpected
    return Run(
        violation=world.judge.violation,
        choices=choices.taken,
        lag=world.lag,
        published=world.judge.published,
        delivered=world.judge.delivered_frames,
        invocations=world.invocations,
        trace=scheduler.trace,
    )
