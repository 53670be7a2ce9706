"""A backend on AWS publishes without a socket: it invokes `default` with the object."""

import json
from typing import Any

import pytest

from tests.kit.dynamodb import FakeDynamoDb
from tests.kit.events import captured
from tests.kit.frames import PUBLISH, SUBSCRIBE, UNSUBSCRIBE, message, publish, subscribe
from tests.kit.functions import FakeLambdaContext, Function
from tests.kit.loopback import LoopbackApi


def test_a_backend_publishes_by_invoking_with_the_object_and_gets_the_receipt(
    default: Function, loopback: LoopbackApi
) -> None:
    default(message(subscribe(), connectionId="page"))
    receipt = default(PUBLISH)
    assert receipt["type"] == "receipt"
    assert receipt["id"] == FakeLambdaContext().aws_request_id
    assert receipt["accepted"] == 1
    assert json.loads(loopback.requests[0].body)["message"] == PUBLISH["message"]
    output = default.output()
    assert output.metrics["Publishes"] == 1
    assert 0 <= output.metrics["PublishLatency"] < 60_000
    assert output.logs[0]["request_id"] == FakeLambdaContext().aws_request_id


@pytest.mark.parametrize(
    "context",
    [
        {"eventType": "order", "authorizer": {"client": "frontend"}},
        {"connectionId": "c1", "eventType": "MESSAGE", "requestId": "r1"},
        {"connectionId": [["c1"]], "eventType": {}, "requestId": None},
        captured("message")["requestContext"],
    ],
)
def test_a_field_that_looks_like_part_of_an_event_is_passed_on(
    context: dict[str, Any], default: Function, loopback: LoopbackApi
) -> None:
    default(message(subscribe()))
    assert default({**PUBLISH, "requestContext": context})["type"] == "receipt"
    assert json.loads(loopback.requests[0].body)["requestContext"] == context


def test_a_retry_by_direct_invocation_is_a_duplicate(default: Function) -> None:
    payload = {**PUBLISH, "id": "order 7", "n": 1e-7}
    first, second = default(payload), default(payload)
    assert second == {**first, "duplicate": True}


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "payload",
    [
        None,
        True,
        7,
        "text",
        publish(),
        [],
        [PUBLISH],
        {**PUBLISH, "extra": float("nan")},
        {**PUBLISH, "extra": float("inf")},
        {**PUBLISH, "message": "\ud83d"},
        {**PUBLISH, "extra": _nested(100)},
        {**PUBLISH, "extra": _nested(5_000)},
    ],
    ids=lambda payload: type(payload).__name__,
)
def test_a_direct_invocation_without_a_json_object_is_rejected(
    payload: Any, default: Function
) -> None:
    reply = default(payload)
    assert (reply["type"], reply["code"]) == ("error", "invalid_json")
    assert reply["request_id"] == FakeLambdaContext().aws_request_id
    assert default.output().metrics == {"FramesRefused": 1}


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "client"),
        (SUBSCRIBE, "client"),
        ({**SUBSCRIBE, "connection_id": "c1", "connectionId": "c1"}, "client"),
        (UNSUBSCRIBE, "action"),
        ({**PUBLISH, "status": None}, "status"),
        ({"requestContext": {}, "body": publish()}, "client"),
        ({**UNSUBSCRIBE, "requestContext": captured("message")["requestContext"]}, "action"),
        ({**captured("message"), "body": PUBLISH}, "client"),
    ],
)
def test_only_a_publish_may_be_invoked_directly(
    payload: dict[str, Any], field: str, default: Function, tables: FakeDynamoDb
) -> None:
    reply = default(payload)
    assert (reply["code"], reply["field"]) == ("invalid_message", field)
    assert tables.subscriptions() == tables.entries() == []
