"""The AWS calls and the consumed capacity of each operation, counted on the shipped code.

In process, on the tables of the deployed stage; DynamoDB says itself what each call consumed.
"""

import json
from typing import Any, Final

from benchmarks.aws import dynamodb
from benchmarks.figures import Operation
from benchmarks.recorder import Recorded, Recorder
from lambdas.layer import Handler, Sender, Storage
from lambdas.layer.handler import Caller
from lambdas.layer.protocol.bodies import parse_poll
from lambdas.layer.protocol.clock import system_clock
from tests.kit.connections import FakeConnections
from tools import ToolError
from tools.deploy import LocalStage

CALLER: Final = Caller(None, "counted", connected_at=None, principal=None)
"""Who asks over HTTPS."""

PUBLISH: Final = "publish to 1 subscriber"
PUBLISH_STEPS: Final = [
    ["PutItem ledger", "Query connections.by_ref"],
    ["POST @connections", "Query ledger"],
]

_TOPIC: Final = {"merchant_id": "shop", "ref": "counted"}
_SUBSCRIBE: Final = {"client": "frontend", **_TOPIC}
_PUBLISH: Final = {
    "client": "backend",
    **_TOPIC,
    "project": "benchmark",
    "type": "payment",
    "status": "done",
    "message": "The payment was captured.",
    "id": "counted",
}
_POLL: Final = _TOPIC
_UNSUBSCRIBE: Final = {"action": "unsubscribe", **_TOPIC}
_FRAMES: Final = (
    ("ping", {"action": "ping"}, "pong"),
    ("poll, bringing nothing", _POLL, "notifications"),
    ("subscribe", _SUBSCRIBE, "subscribed"),
    ("subscribe again", _SUBSCRIBE, "subscribed"),
    (PUBLISH, _PUBLISH, "receipt"),
    ("publish the same id again", _PUBLISH, "receipt"),
    ("publish other content with that id, refused", {**_PUBLISH, "status": "failed"}, "error"),
    ("subscribe again, replaying 1", _SUBSCRIBE, "subscribed"),
    ("poll, bringing 1", _POLL, "notifications"),
    ("unsubscribe", _UNSUBSCRIBE, "unsubscribed"),
)
_CONNECTION: Final = "counted-connection"
_CONNECTED_AT: Final = system_clock()


def count(stage: LocalStage) -> list[Operation]:
    """Do each operation once and return what it asked of AWS."""
    environment = stage.environment
    connections, ledger = environment["CONNECTIONS_TABLE"], environment["LEDGER_TABLE"]
    recorder = Recorder({connections: "connections", ledger: "ledger"})
    storage = Storage(
        Recorded(dynamodb(stage.endpoint), recorder),
        connections=connections,
        ledger=ledger,
        retention=int(environment["RETENTION_SECONDS"]),
    )
    api = FakeConnections()
    api.script(_CONNECTION, recorder.post)
    handler = Handler(storage, Sender(api))
    counted = []
    for name, frame, answer in _FRAMES:
        _handle(handler, frame, answer)
        counted.append(recorder.operation(name))
    _handle(handler, _SUBSCRIBE, "subscribed")
    recorder.operation("not counted: the subscription that the disconnect deletes")
    storage.delete_subscriptions(_CONNECTION)
    counted.append(recorder.operation("disconnect, 1 subscription"))
    return counted


def _handle(handler: Handler, frame: dict[str, Any], answer: str) -> None:
    text = json.dumps(frame)
    if frame is _POLL:  # over HTTPS
        reply = handler.answer(lambda: parse_poll(text), CALLER) or {}
    else:
        reply = handler.handle(_CONNECTION, text, connected_at=_CONNECTED_AT) or {}
    if reply.get("type") != answer:
        raise ToolError(f"the service answered {reply}, where {answer} was expected")
