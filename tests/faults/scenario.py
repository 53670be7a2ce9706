"""One publish, subscribe or unsubscribe that meets a fault, played through to its end.

Every story ends with what was promised: what a subscriber did not get, it gets by subscribing again
or by the publisher's retry. What does not hold is told in `Outcome.broken`.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.kit.faults import Rule
from tests.kit.peer import Frame, Peer, peer, publication, unique
from tests.kit.proxy import Proxy, proxy
from tests.kit.settings import setting
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient

REF = "r"
_REACH_AWS = ("DefaultFunction", "DisconnectFunction", "AuthorizerFunction")

DEADLINE = 29.0
"""Seconds that API Gateway waits for an answer."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a story plays: a stage whose functions reach their AWS through the proxy."""

    stage: LocalStage
    proxy: Proxy
    dynamodb: "DynamoDBClient"
    functions: "LambdaClient"
    logs: "CloudWatchLogsClient"

    def function(self, prefix: str) -> str:
        """Return the name of a function of the stage, of which it holds this."""
        names = [one["FunctionName"] for one in self.functions.list_functions()["Functions"]]
        return next(name for name in names if prefix in name)

    def invoke(self, function: str, event: Any) -> tuple[Any, bool]:
        """Invoke a function directly; return what it returned, and whether it failed."""
        answer = self.functions.invoke(FunctionName=function, Payload=json.dumps(event))
        return json.load(answer["Payload"]), "FunctionError" in answer

    def log(self, function: str) -> str:
        """Return what a function logged; the local AWS keeps that of direct invocations only."""
        found = self.functions.get_function_configuration(FunctionName=function)
        pages = self.logs.get_paginator("filter_log_events")
        group = found["LoggingConfig"]["LogGroup"]
        return "\n".join(
            event["message"]
            for page in pages.paginate(logGroupName=group)
            for event in page["events"]
        )

    def lines(self, merchant: str) -> set[str]:
        """Return the ledger's entries of a merchant: `notification#...`, `subscription#...`."""
        found = self.dynamodb.query(
            TableName=self.stage.outputs["LedgerTableName"],
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": "merchant_id#ref"},
            ExpressionAttributeValues={":key": {"S": f"{merchant}#{REF}"}},
            ConsistentRead=True,
        )
        return {item["entry"]["S"] for item in found["Items"]}

    def joined(self, merchant: str) -> frozenset[str]:
        """Return the connections that lately subscribed to a merchant's topic."""
        lines = self.lines(merchant)
        return frozenset(
            line.removeprefix("subscription#") for line in lines if line.startswith("subscription#")
        )


@contextmanager
def scene(
    stage: LocalStage,
    functions: "LambdaClient",
    dynamodb: "DynamoDBClient",
    logs: "CloudWatchLogsClient",
) -> Iterator[Scene]:
    """Put a proxy between the functions of a stage and their AWS."""
    with proxy(stage.endpoint) as between:
        addresses = {
            "AWS_ENDPOINT_URL_DYNAMODB": between.address,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": between.address,
            "CONNECTIONS_ENDPOINT_URL": between.instead_of(stage.outputs["ConnectionsEndpointURL"]),
        }
        names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
        with ExitStack() as changed:
            for name in names:
                if any(reaching in name for reaching in _REACH_AWS):
                    changed.enter_context(setting(functions, name, **addresses))
            yield Scene(stage, between, dynamodb, functions, logs)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What everybody got.

    `reply`: the answer to the frame that met the fault, after `seconds`. `at_once`: subscribers
    that heard the notification without doing anything. `broken`: promises that did not hold.
    """

    reply: str
    seconds: float
    at_once: int
    broken: tuple[str, ...]


class Story:
    """A merchant's topic, and a stranger who waits for the same ref of another merchant."""

    def __init__(self, scene: Scene, people: ExitStack) -> None:
        self.scene = scene
        self.shop = unique("shop")
        self.broken: list[str] = []
        self._people = people
        self._other = unique("other")
        self._stranger = self.enter()
        self._stranger.subscribe(self._other, REF)
        self._others_lines = scene.lines(self._other)

    def enter(self) -> Peer:
        """Return a new connection."""
        return self._people.enter_context(peer(self.scene.stage.url))

    def require(self, holds: object, promise: str) -> None:
        """Note a promise that does not hold."""
        if not holds:
            self.broken.append(promise)

    def publish(self, backend: Peer, id_: str) -> Frame:
        """Publish to the topic and return the answer."""
        return backend.ask(publication(self.shop, REF, id=id_))

    def meet(self, rules: tuple[Rule, ...], actor: Peer, frame: Frame) -> tuple[list[Frame], float]:
        """Send a frame while the rules are in force; return all that came back, and how long."""
        with self.scene.proxy.troubled(*rules):
            started = time.monotonic()
            frames = after(actor, frame)
            seconds = time.monotonic() - started
        self.require(all(rule.hits for rule in rules), "the fault is met")
        self.require(seconds < DEADLINE, "an answer within the deadline")
        return frames, seconds

    def require_retryable(self, reply: Frame) -> None:
        """Note an answer that is no retryable error."""
        self.require(
            (reply.get("code"), reply.get("retryable")) == ("internal_error", True),
            f"a retryable error: {reply}",
        )

    def end(self, reply: str, seconds: float, at_once: int) -> Outcome:
        """Look at the stranger, and return what everybody got."""
        self.require(
            not heard(after(self._stranger)), "another merchant's subscriber hears nothing"
        )
        again = self._stranger.subscribe(self._other, REF)
        self.require(not heard(again), "another merchant's subscriber is replayed nothing")
        unmoved = self.scene.lines(self._other) == self._others_lines
        self.require(unmoved, "the lines of another merchant stay as they are")
        return Outcome(reply, round(seconds, 2), at_once, tuple(self.broken))


@contextmanager
def story(scene: Scene) -> Iterator[Story]:
    """Begin one; its connections close with the block."""
    with ExitStack() as people:
        yield Story(scene, people)


def after(actor: Peer, frame: Frame | None = None) -> list[Frame]:
    """Send a frame, if any, and return all that comes until a ping is answered."""
    if frame is not None:
        actor.send(frame)
    actor.send({"action": "ping"})
    frames: list[Frame] = []
    while (came := actor.receive()).get("type") != "pong":
        frames.append(came)
    return frames


def heard(frames: list[Frame]) -> list[str]:
    """Return the ids of the notifications among frames."""
    return [frame["id"] for frame in frames if frame["client"] == "backend"]


def replies(frames: list[Frame]) -> list[Frame]:
    """Return what the service itself said."""
    return [frame for frame in frames if frame["client"] == "server"]
