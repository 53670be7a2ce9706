"""When AWS fails: what the sender is told, and what the log says."""

import logging
from typing import Any

import pytest

from lambdas.layer.aws.batches import UnwrittenError
from lambdas.layer.aws.errors import ServiceError, TransportError
from lambdas.layer.handler import Handler
from tests.kit.clock import FakeTime
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import Call, Journal, JournaledDynamoDb
from tests.kit.frames import publish, subscribe, unsubscribe
from tests.lambdas.frames_sent import handle, publish_notification, subscribe_connections

INTERNALS = "arn:aws:dynamodb:eu-west-1:123456789012:table/secret"
FAILURES = [
    ServiceError("Any", "ThrottlingException", INTERNALS, {}),
    TransportError(INTERNALS),
    UnwrittenError(2),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize(
    "failing",
    [
        (subscribe(), "write"),
        (subscribe(), "query notifications"),
        (publish(), "put notification"),
        (publish(), "query index"),
        (publish(), "query recent"),
        (unsubscribe(), "write"),
    ],
    ids=lambda failing: failing[1],
)
def test_a_failing_call_is_an_internal_error_logged_once_with_its_cause(
    failing: tuple[str, str],
    failure: Exception,
    handler: Handler,
    dynamo: JournaledDynamoDb,
    caplog: pytest.LogCaptureFixture,
) -> None:
    text, step = failing
    dynamo.fail(step, failure)
    reply = handle(handler, "c1", text)
    assert reply == {
        "client": "server",
        "type": "error",
        "code": "internal_error",
        "message": "this is our fault; send the same again",
        "retryable": True,
        "request_id": "r1",
    }
    assert not [step for step in dynamo.journal if step.startswith("post")]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert vars(record)["request_id"] == "r1"
    assert record.exc_info is not None
    assert record.exc_info[1] is failure


def test_a_rejected_frame_logs_nothing_and_makes_no_call(
    handler: Handler, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    assert handle(handler, "c1", "no json")["code"] == "invalid_json"
    assert journal == []
    assert caplog.records == []


def test_the_next_frame_is_handled_after_a_rejected_one(handler: Handler) -> None:
    assert handle(handler, "c1", "no json")["type"] == "error"
    assert handle(handler, "c1", subscribe())["type"] == "subscribed"


def test_a_publish_logs_nothing(handler: Handler, caplog: pytest.LogCaptureFixture) -> None:
    subscribe_connections(handler, "c1")
    assert publish_notification(handler)["accepted"] == 1
    assert caplog.records == []


def test_no_payload_is_ever_logged(
    handler: Handler,
    api: FakeConnections,
    dynamo: JournaledDynamoDb,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="ottu-ws-notify")
    subscribe_connections(handler, "c1")
    api.script("c1", TransportError("ConnectionResetError"), 403)
    publish_notification(handler, message="very private")
    dynamo.fail("put notification", FAILURES[0])
    handle(handler, "backend", publish(message="very private"))
    assert len(caplog.records) == 2
    assert "very private" not in caplog.text


def test_a_generated_request_id_is_in_the_error_and_in_the_log(
    handler: Handler, dynamo: JournaledDynamoDb, caplog: pytest.LogCaptureFixture
) -> None:
    dynamo.fail("put notification", FAILURES[0])
    reply = handler.handle("c1", publish())
    assert reply is not None
    assert reply["request_id"] == vars(caplog.records[0])["request_id"] != ""


def test_the_slowest_publish_has_its_receipt_within_the_integration_timeout(
    handler: Handler, dynamo: JournaledDynamoDb, api: FakeConnections, time: FakeTime
) -> None:
    def slow(call: Call) -> Any:
        time.advance(3)  # a call's bound, see limits.CALL_BUDGET
        return call()

    def slowly_gone() -> int:
        time.advance(0.25)
        return 410

    for number in range(100):
        subscribe_connections(handler, f"c{number}")
        api.script(f"c{number}", slowly_gone)
    dynamo.lag()  # so that no post begins before the recent ones are read
    for step in ("put notification", "query recent", "write"):
        dynamo.detour(step, slow)
    began = time.monotonic()
    receipt = handle(handler, "b1", publish())
    assert receipt["type"] == "receipt"
    assert receipt["gone"] + receipt["failed"] == 100
    assert time.monotonic() - began < 29
