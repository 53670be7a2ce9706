"""`default` as the HTTP API calls it: what it takes, and with which status it answers."""

import base64
import json
from typing import Any

import pytest

from tests.kit.dynamodb import LEDGER, FakeDynamoDb
from tests.kit.events import captured
from tests.kit.frames import PUBLISH, message, publish, request, subscribe, unsubscribe, without
from tests.kit.functions import Function, frame_in
from tests.kit.loopback import LoopbackApi

REQUEST: str = captured("http_publish")["requestContext"]["requestId"]
POLL = {"merchant_id": "merchant_id", "ref": "12303"}
POLLED = json.dumps(POLL)
PATHS = ["/publish", "/notifications"]


def test_a_publish_as_curl_sends_it_is_posted_logged_and_counted(
    default: Function, loopback: LoopbackApi
) -> None:
    default(message(subscribe(), connectionId="page"))
    receipt = frame_in(default(captured("http_publish")), 200)
    assert (receipt["type"], receipt["id"], receipt["accepted"]) == ("receipt", REQUEST, 1)
    (post,) = loopback.requests
    sent_at = receipt["sent_at"]
    assert json.loads(post.body) == {**PUBLISH, "id": REQUEST, "sent_at": sent_at}
    output = default.output()
    assert 0 <= output.metrics["PublishLatency"] < 60_000
    (line,) = output.logs
    assert (line["message"], line["request_id"]) == ("published", REQUEST)


def test_a_request_by_a_custom_domain_whose_path_has_no_stage_is_answered(
    default: Function,
) -> None:
    bodies = {"/publish": publish(), "/notifications": POLLED}
    for path, body in bodies.items():
        event = request(path, body, domainName="notify-http.shop.example")
        event["headers"]["host"] = "notify-http.shop.example"
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        assert frame_in(default(event), 200)


def test_a_publish_without_client_is_the_same_as_one_with_it(default: Function) -> None:
    body = json.loads(without(PUBLISH, "client"))
    first = frame_in(default(request("/publish", json.dumps({**body, "id": "1"}))), 200)
    second = json.loads(default(message(publish(id="1")))["body"])
    assert second == {**first, "duplicate": True}


def test_a_poll_brings_what_was_published_and_is_logged_and_counted(default: Function) -> None:
    receipt = frame_in(default(request("/publish", publish(amount=1e-7))), 200)
    answer = frame_in(default(request("/notifications", POLLED)), 200)
    delivered = {**PUBLISH, "amount": 1e-7, "id": receipt["id"], "sent_at": receipt["sent_at"]}
    assert answer["notifications"] == [delivered]
    assert 2_000 <= answer["poll_after"] <= 3_000
    output = default.output()
    assert output.metrics == {"PollsWithNotifications": 1}
    (line,) = output.logs
    assert (line["message"], line["notifications"], line["more"]) == ("polled", 1, False)
    assert PUBLISH["message"] not in output.text


def test_a_poll_that_brings_nothing_is_not_logged_not_counted_and_writes_nothing(
    default: Function, tables: FakeDynamoDb
) -> None:
    answer = frame_in(default(captured("http_notifications")), 200)
    assert (answer["notifications"], answer["more"]) == ([], False)
    assert (default.output().logs, default.output().metrics) == ([], {})
    assert tables.subscriptions() == tables.entries() == []


REJECTED: list[tuple[str, str, int, str, str | None]] = [
    ("/publish", "", 400, "invalid_json", None),
    ("/publish", "[]", 400, "invalid_json", None),
    ("/publish", '{"ref":"1","ref":"2"}', 400, "invalid_json", None),
    ("/publish", "\ufeff" + publish(), 400, "invalid_json", None),
    ("/publish", subscribe(), 400, "invalid_message", "client"),
    ("/publish", publish(client=None), 400, "invalid_message", "client"),
    ("/publish", publish(action="ping"), 400, "invalid_message", "action"),
    ("/publish", publish(status="maybe"), 400, "invalid_message", "status"),
    ("/publish", publish(message="é" * 70_000), 413, "too_large", None),
    ("/notifications", "no json", 400, "invalid_json", None),
    ("/notifications", '{"ref":"12303"}', 400, "invalid_message", "merchant_id"),
    ("/notifications", json.dumps({**POLL, "ref": 1.0}), 400, "invalid_message", "ref"),
    ("/notifications", json.dumps({**POLL, "since": "now"}), 400, "invalid_message", "since"),
    ("/notifications", json.dumps({**POLL, "since": None}), 400, "invalid_message", "since"),
    ("/notifications", unsubscribe(), 400, "invalid_message", "action"),
    ("/elsewhere", POLLED, 400, "invalid_message", None),
]


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize(("path", "body", "status", "code", "field"), REJECTED, ids=range(16))
def test_what_is_rejected_has_its_status_and_frame_and_changes_nothing(  # noqa: PLR0913, PLR0917 - pytest's
    path: str,
    body: str,
    status: int,
    code: str,
    field: str | None,
    encoded: bool,  # noqa: FBT001 - pytest's
    default: Function,
    tables: FakeDynamoDb,
) -> None:
    event = request(path, body)
    if encoded:
        event |= {"body": base64.b64encode(body.encode()).decode(), "isBase64Encoded": True}
    frame = frame_in(default(event), status)
    assert (frame["code"], frame.get("field"), frame["request_id"]) == (code, field, REQUEST)
    assert default.output().metrics == {"FramesRefused": 1}
    assert tables.subscriptions() == tables.entries() == []


@pytest.mark.parametrize("body", ["%%%", "abc", base64.b64encode(b'{"ref":"\xff"}').decode()])
def test_a_body_that_is_not_base64_of_utf8_is_invalid_json(body: str, default: Function) -> None:
    event = captured("http_publish") | {"body": body}
    assert frame_in(default(event), 400)["code"] == "invalid_json"


def _sent_as_json(body: bytes) -> dict[str, Any]:
    """Return the event of a body that is named JSON: API Gateway makes a text of it."""
    event = request("/publish", body.decode(errors="replace"))
    event["headers"]["content-length"] = str(len(body))
    return event


@pytest.mark.parametrize("bad", [b"caf\xe9", b"\xed\xa0\xbd\xed\xb2\xb3", b"\xc0\xaf", b"\xff\xfe"])
def test_a_body_that_is_named_json_and_is_not_utf8_is_invalid_json_and_is_not_stored(
    bad: bytes, default: Function, tables: FakeDynamoDb
) -> None:
    event = _sent_as_json(publish(message="@").encode().replace(b"@", bad))
    assert frame_in(default(event), 400)["code"] == "invalid_json"
    assert tables.entries() == []


@pytest.mark.parametrize("length", ["right", "", "1, 2", None])
def test_the_character_that_replaces_others_may_be_published_as_any_other(
    length: str | None, default: Function
) -> None:
    body = publish(message="@").replace("@", "caf\ufffd").encode()
    event = _sent_as_json(body)
    event["headers"]["content-length"] = str(len(body)) if length == "right" else length
    if length is None:
        del event["headers"]["content-length"]
    assert frame_in(default(event), 200)["type"] == "receipt"


def test_an_event_without_a_body_is_invalid_json(default: Function) -> None:
    event = captured("http_notifications")
    del event["body"]
    assert frame_in(default(event), 400)["code"] == "invalid_json"


def test_the_limit_is_that_of_the_notification_and_not_of_the_body_around_it(
    default: Function,
) -> None:
    body = " " * 200_000 + publish()
    assert frame_in(default(request("/publish", body)), 200)["type"] == "receipt"


@pytest.mark.parametrize("client", ["frontend", "server", 7, None])
def test_a_poll_does_not_look_at_a_client(client: Any, default: Function) -> None:
    body = json.dumps({**POLL, "client": client})
    assert frame_in(default(request("/notifications", body)), 200)["type"] == "notifications"


@pytest.mark.parametrize("path", PATHS)
def test_a_failure_is_503_and_may_be_sent_again_after_seconds(
    path: str, default: Function, tables: FakeDynamoDb
) -> None:
    tables.drop(LEDGER)
    frame = frame_in(default(request(path, publish())), 503)
    assert (frame["code"], frame["retryable"], frame["request_id"]) == (
        *("internal_error", True),
        REQUEST,
    )
    output = default.output()
    assert output.metrics == {"InternalErrors": 1}
    assert [line["level"] for line in output.logs] == ["ERROR"]


# -- what is such an event


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "1.0"},
        {"routeKey": None},
        {"requestContext": None},
        {"requestContext": {"http": {}}},
        {"body": {"client": "backend"}},
        {"client": "backend"},
    ],
)
def test_what_the_http_api_would_not_send_is_a_direct_invocation(
    changes: dict[str, Any], default: Function
) -> None:
    reply = default(captured("http_publish") | changes)
    assert (reply["type"], reply["code"]) == ("error", "invalid_message")


def test_a_publish_by_direct_invocation_may_look_like_an_event(default: Function) -> None:
    assert default({**captured("http_notifications"), **PUBLISH})["type"] == "receipt"
