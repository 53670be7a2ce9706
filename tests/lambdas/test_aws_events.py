"""Other AWS services publish by invoking `default`: with a wrapped publish, or a queue's messages.

Nobody reads what they get, so what was not stored has to fail.
"""

import json
from typing import Any

import pytest

from lambdas.layer.aws_events import PublishFailedError, PublishRefusedError
from tests.kit.dynamodb import LEDGER, FakeDynamoDb
from tests.kit.frames import PUBLISH, message, publish, queue_event, subscribe, without
from tests.kit.functions import FakeLambdaContext, Function
from tests.kit.loopback import LoopbackApi

REQUEST = FakeLambdaContext().aws_request_id
STORED: dict[str, Any] = {"batchItemFailures": []}
WITHOUT_CLIENT: dict[str, Any] = json.loads(without(PUBLISH, "client"))


def failed(*ids: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in ids]}


def stored(tables: FakeDynamoDb) -> list[str]:
    """Return the ids of the stored notifications."""
    entries: list[str] = sorted(entry["entry"]["S"] for entry in tables.entries())
    return [
        entry.removeprefix("notification#")
        for entry in entries
        if entry.startswith("notification#")
    ]


@pytest.fixture
def refused(default: Function) -> Any:
    """Invoke with what is refused, and return the text of the failure."""

    def invoke(event: Any) -> str:
        with pytest.raises(PublishRefusedError) as failure:
            default(event)
        return str(failure.value)

    return invoke


# -- a wrapped publish


@pytest.mark.parametrize("wrapped", [PUBLISH, WITHOUT_CLIENT], ids=["client", "no client"])
def test_a_wrapped_publish_is_posted_logged_counted_and_answered_with_its_receipt(
    wrapped: dict[str, Any], default: Function, loopback: LoopbackApi
) -> None:
    default(message(subscribe(), connectionId="page"))
    receipt = default({"publish": {**wrapped, "id": "event-1"}})
    assert (receipt["type"], receipt["id"], receipt["accepted"]) == ("receipt", "event-1", 1)
    output = default.output()
    assert output.metrics["Publishes"] == 1
    assert 0 <= output.metrics["PublishLatency"] < 60_000
    assert output.logs[0]["message"] == "published"
    assert output.logs[0]["request_id"] == REQUEST
    sent_at = receipt["sent_at"]
    assert json.loads(loopback.requests[0].body) == {**PUBLISH, "id": "event-1", "sent_at": sent_at}


def test_a_wrapped_publish_without_an_id_has_that_of_the_invocation(default: Function) -> None:
    # Lambda's own retries of an asynchronous invocation keep it.
    assert default({"publish": PUBLISH})["id"] == REQUEST


def test_a_wrapped_publish_that_is_delivered_again_is_stored_once_and_posted_again(
    default: Function, loopback: LoopbackApi, tables: FakeDynamoDb
) -> None:
    default(message(subscribe()))
    event = {"publish": {**PUBLISH, "id": "event-1"}}
    first, second = default(event), default(event)
    assert second == {**first, "duplicate": True}
    first_post, second_post = (post.body for post in loopback.requests)
    assert first_post == second_post
    assert stored(tables) == ["event-1"]


def test_posts_that_fail_are_counted_in_the_receipt_and_fail_nothing(
    default: Function, loopback: LoopbackApi
) -> None:
    default(message(subscribe()))
    loopback.script(403)
    assert default({"publish": PUBLISH})["failed"] == 1
    loopback.script(403)
    assert default(queue_event(publish())) == STORED


@pytest.mark.parametrize(
    ("wrapped", "text"),
    [
        ({**PUBLISH, "status": "maybe"}, "invalid_message (status): status must be"),
        ({**PUBLISH, "client": "frontend"}, "invalid_message (client): client must be `backend`"),
        ({**PUBLISH, "action": "ping"}, "invalid_message (action): action is for a WebSocket"),
        ({**PUBLISH, "id": "x" * 129}, "invalid_message (id): id must be a string of 1 to 128"),
        ({**PUBLISH, "message": "é" * 70_000}, "too_large: the notification would be"),
        ({**PUBLISH, "extra": float("nan")}, "invalid_json: NaN"),
        ([PUBLISH], "invalid_json: send one JSON object"),
        (publish(), "invalid_json: send one JSON object"),
        (None, "invalid_json: send one JSON object"),
    ],
    ids=["status", "frontend", "action", "id", "large", "NaN", "list", "text", "null"],
)
def test_a_refused_wrapped_publish_fails_and_says_why(
    wrapped: Any, text: str, default: Function, refused: Any, tables: FakeDynamoDb
) -> None:
    failure = refused({"publish": wrapped})
    assert failure.startswith(text)
    assert failure.endswith(f"; request {REQUEST}")
    output = default.output()
    assert output.metrics == {"FramesRefused": 1}
    (line,) = output.logs
    assert (line["message"], line["request_id"]) == ("frame refused", REQUEST)
    assert stored(tables) == []


def test_another_content_under_an_id_that_was_used_fails(default: Function, refused: Any) -> None:
    event = {"publish": {**PUBLISH, "id": "event-1"}}
    default(event)
    other = {"publish": {**PUBLISH, "id": "event-1", "message": "other"}}
    assert refused(other).startswith("invalid_message (id): this id was used for other content")


def test_a_field_beside_a_wrapped_publish_fails_rather_than_to_be_left_out(refused: Any) -> None:
    assert refused({"publish": PUBLISH, "id": "event-1"}).startswith("invalid_message (publish)")


def test_a_wrapped_publish_that_cannot_be_stored_fails_as_one_that_may_be_sent_again(
    default: Function, tables: FakeDynamoDb
) -> None:
    tables.drop(LEDGER)
    with pytest.raises(PublishFailedError, match=rf"^internal_error: .*; request {REQUEST}$"):
        default({"publish": PUBLISH})
    output = default.output()
    assert output.metrics == {"InternalErrors": 1}
    (line,) = output.logs
    assert "ResourceNotFoundException" in line["exception"]


# -- the messages of a queue


def test_each_message_of_a_queue_is_a_publish_with_the_messages_id_or_its_own(
    default: Function, loopback: LoopbackApi
) -> None:
    default(message(subscribe()))
    event = queue_event(json.dumps(WITHOUT_CLIENT), publish(id="order-7"), publish())
    assert default(event) == STORED
    posts = [json.loads(post.body) for post in loopback.requests]
    assert [post["id"] for post in posts] == ["m0", "order-7", "m2"]
    assert all(post["client"] == "backend" for post in posts)
    output = default.output()
    assert [line["message_id"] for line in output.logs] == ["m0", "m1", "m2"]
    assert {line["request_id"] for line in output.logs} == {REQUEST}


def test_messages_that_are_delivered_again_are_stored_once(
    default: Function, tables: FakeDynamoDb
) -> None:
    event = queue_event(publish())
    assert default(event) == default(event) == STORED
    assert default.output().logs[0]["duplicate"] is True
    assert stored(tables) == ["m0"]


@pytest.mark.parametrize("body", ["no json", "[]", publish(status="maybe"), '{"publish": {}}'])
def test_only_the_messages_that_were_not_stored_stay_in_the_queue(
    body: str, default: Function, tables: FakeDynamoDb
) -> None:
    assert default(queue_event(publish(), body, publish(id="order-7"))) == failed("m1")
    assert stored(tables) == ["m0", "order-7"]
    output = default.output()
    assert output.metrics["FramesRefused"] == 1
    (line,) = (line for line in output.logs if line["message"] == "frame refused")
    assert line["message_id"] == "m1"


def test_messages_stay_in_the_queue_while_dynamodb_fails(
    default: Function, tables: FakeDynamoDb
) -> None:
    tables.drop(LEDGER)
    assert default(queue_event(publish(), publish())) == failed("m0", "m1")


def test_no_message_of_a_queue_is_ever_logged(default: Function, loopback: LoopbackApi) -> None:
    secret = "very private"  # noqa: S105 - what must not be in the log
    default(message(subscribe()))
    default(queue_event(publish(message=secret), publish(message=secret, status=secret)))
    assert secret not in default.output().text
    assert secret in loopback.requests[0].body.decode()


# -- what is neither


@pytest.mark.parametrize(
    "fields",
    [{"publish": {"merchant_id": "other"}}, queue_event(publish())],
    ids=["publish", "records"],
)
def test_a_payload_with_a_client_is_that_publish_whatever_further_fields_it_has(
    fields: dict[str, Any], default: Function, loopback: LoopbackApi
) -> None:
    default(message(subscribe()))
    assert default({**PUBLISH, **fields})["type"] == "receipt"
    assert json.loads(loopback.requests[0].body).items() > fields.items()


def _other_source(**changes: Any) -> dict[str, Any]:
    (record,) = queue_event(publish())["Records"]
    return {"Records": [{**record, **changes}]}


@pytest.mark.parametrize(
    "payload",
    [
        {"Records": []},
        {"Records": publish()},
        {"Records": [*queue_event(publish())["Records"], "text"]},
        _other_source(eventSource="aws:sns"),
        _other_source(messageId=None),
        _other_source(body=PUBLISH),
        {"Publish": PUBLISH},
    ],
    ids=["none", "text", "no records", "source", "id", "body", "case"],
)
def test_what_is_neither_wrapped_nor_of_a_queue_is_answered_as_a_frame(
    payload: Any, default: Function
) -> None:
    reply = default(payload)
    assert (reply["code"], reply["field"]) == ("invalid_message", "client")
