"""The shipped code over the models, and what actors do with it: send, close, wait."""

import json
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from lambdas.layer import gateway, http_events
from lambdas.layer.auth.principal import FRONTEND, Identity
from lambdas.layer.handler import Caller, Handler
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage
from tests.kit.dynamodb import CONNECTIONS, LEDGER, RETENTION
from tests.kit.expressions import Item
from tests.simulation.connections import UnreliableConnections
from tests.simulation.dynamodb import UnreliableDynamoDb
from tests.simulation.history import History
from tests.simulation.invariants import Invariants
from tests.simulation.poll_invariants import PollInvariants
from tests.simulation.records import Connection, PollSent
from tests.simulation.scheduler import Scheduler
from tests.simulation.tasks import Invocation, OnEnd


class Simulation:
    """One stage of the service, on its models.

    `lag`: of the index, in milliseconds. `slow_network`: to DynamoDB. `pending`: what must still
    happen, at a moment that the choices choose. `optional`: what may still happen, or never.
    """

    def __init__(
        self, scheduler: Scheduler, lag: int, max_replayed: int, *, slow_network: bool = False
    ) -> None:
        self.choices = scheduler.choices
        self.scheduler = scheduler
        self.tables = UnreliableDynamoDb(
            scheduler, lag, self._stored, self._deleted, slow_network=slow_network
        )
        self.history = History(max_replayed)
        self.invariants = Invariants(self.history, self.tables)
        self.polls = PollInvariants(self.history)
        self.connections = UnreliableConnections(scheduler, self.invariants)
        scheduler.on_suspension = self.connections.suspended
        self.storage = Storage(
            self.tables,
            connections=CONNECTIONS,
            ledger=LEDGER,
            retention=RETENTION,
            clock=self._clock,
        )
        sender = Sender(self.connections, clock=self._clock)
        self.handler = Handler(self.storage, sender, clock=self._clock)
        self.pending: list[Callable[[], None]] = []
        self.optional: list[Callable[[], None]] = []
        self.invocations = 0

    @property
    def now(self) -> int:
        """The time, in milliseconds since 1970."""
        return self.scheduler.now

    def handle(
        self,
        actor: str,
        frame: dict[str, Any],
        connection: Connection | None,
        request_id: str,
        on_reply: Callable[[Any], None],
    ) -> None:
        """Invoke the function behind `$default` of the WebSocket API; no reply is None."""
        text = _text(tuple(frame.items()))
        if self.scheduler.traced:
            self.scheduler.note(f"{actor} sends {text}")
        id_ = None if connection is None else connection.id
        opened = None if connection is None else connection.opened_at
        principal = _principal(connection, frame["merchant_id"], str(frame["ref"]))

        def call() -> Any:
            return self.handler.handle(
                id_, text, request_id=request_id, connected_at=opened, principal=principal
            )

        def ended(invocation: Invocation, reply: Any) -> None:
            topic = f"{frame['merchant_id']}#{frame['ref']}"
            if reply is not None and reply["type"] == "receipt":
                content = reply["id"], frame["message"]
                self.invariants.receipt_returned(topic, *content, invocation, self.now)
            if not invocation.crashed:
                self.invariants.invocation_ended(topic, invocation)
            on_reply(reply)

        self._invoke(f"{actor} ({request_id})", call, ended, suspendable=connection is None)

    def poll(
        self,
        poll: PollSent,
        event: gateway.Event,
        principal: Identity,
        on_response: Callable[[Invocation, gateway.Response | None], None],
    ) -> None:
        """Invoke the same function by an event of the HTTP API; no response is None."""
        request_id = gateway.request_id(event)
        self.scheduler.note(f"{poll.viewer} polls {event['body']}")

        def call() -> gateway.Response:
            caller = Caller(None, request_id, connected_at=None, principal=principal)
            reply = self.handler.answer(lambda: http_events.parse(event, frozenset()), caller)
            return http_events.respond(reply or {})

        def ended(invocation: Invocation, response: gateway.Response | None) -> None:
            if response is not None and response["statusCode"] == HTTPStatus.OK:
                self.polls.returned(poll, invocation, self.now)
            on_response(invocation, response)

        self._invoke(f"{poll.viewer} ({request_id})", call, ended)

    def close(self, connection: Connection) -> None:
        """Close a connection; API Gateway invokes `$disconnect` 0 to 2 times."""
        if connection.closed:
            return
        connection.closed = True
        self.scheduler.note(f"{connection.id} is closed")
        for number in range((1, 1, 0, 2)[self.choices.below(4)]):
            self.optional.append(lambda number=number: self._disconnect(connection, number))  # type: ignore[misc]

    def pause(self, milliseconds: int) -> None:
        """Let time pass while nothing runs."""
        self.scheduler.note(f"{milliseconds / 1000:.0f} seconds pass")
        self.scheduler.now += milliseconds
        self.tables.sweep()

    def _disconnect(self, connection: Connection, number: int) -> None:
        self.scheduler.note(f"$disconnect of {connection.id}")

        def call() -> None:
            self.storage.delete_subscriptions(connection.id)

        self._invoke(f"disconnect {connection.id}.{number}", call, lambda _, __: None)

    def _invoke(
        self, name: str, call: Callable[[], Any], on_end: OnEnd, *, suspendable: bool = False
    ) -> None:
        self.invocations += 1

        def ended(invocation: Invocation, reply: Any) -> None:
            if self.scheduler.traced:
                result = "crashed" if invocation.crashed else f"returns {reply}"
                self.scheduler.note(f"{name} {result}")
            on_end(invocation, reply)

        self.scheduler.invoke(name, call, ended, suspendable=suspendable)

    def _clock(self) -> int:
        return self.scheduler.now + self.scheduler.current().invocation.skew

    def _stored(self, item: Item) -> None:
        text = item["notification"]["S"]
        content = json.loads(text)
        # Not from the item's key, which the service may have got wrong.
        topic = f"{content['merchant_id']}#{content['ref']}"
        self.invariants.stored(topic, content, text, self.now, self.scheduler.current().invocation)

    def _deleted(self, key: tuple[str, str]) -> None:
        self.invariants.subscription_deleted(self.connections[key[0]], key[1], self.now)


def _principal(connection: Connection | None, merchant_id: str, ref: str) -> Identity | None:
    """Return whom a connection's token names: of a token, only its expiry is tested here."""
    if connection is None or connection.token_expires_at_ms is None:
        return None
    return Identity(FRONTEND, merchant_id, frozenset({ref}), connection.token_expires_at_ms)


@lru_cache(maxsize=4096)
def _text(frame: tuple[tuple[str, Any], ...]) -> str:
    return json.dumps(dict(frame))
