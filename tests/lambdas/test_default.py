"""`$default`: the function as API Gateway calls it."""

import json
import time
from typing import Any

import pytest

from lambdas.layer.protocol.clock import to_rfc3339
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from tests.kit.dynamodb import LEDGER, FakeDynamoDb
from tests.kit.events import captured
from tests.kit.frames import PUBLISH, message, publish, subscribe, unsubscribe
from tests.kit.functions import DEFAULT_SETTINGS, ENDPOINT, FakeLambdaContext, Function, import_anew
from tests.kit.loopback import LoopbackApi

REQUEST: str = captured("message")["requestContext"]["requestId"]


def _reply(response: dict[str, Any]) -> dict[str, Any]:
    """Return the frame in a response that API Gateway takes for one."""
    assert response.keys() == {"statusCode", "body"}
    assert response["statusCode"] == 200
    reply: dict[str, Any] = json.loads(response["body"])
    assert reply["client"] == "server"
    return reply


def test_a_publish_is_posted_and_answered_with_its_receipt(
    default: Function, loopback: LoopbackApi
) -> None:
    default(message(subscribe(), connectionId="page"))
    receipt = _reply(default(captured("message")))
    assert receipt["type"] == "receipt"
    assert receipt["id"] == REQUEST
    assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (1, 0, 0)
    (post,) = loopback.requests
    assert post.target == "/prod/@connections/page"
    sent_at = receipt["sent_at"]
    assert json.loads(post.body) == {**PUBLISH, "id": REQUEST, "sent_at": sent_at}


def test_posts_go_to_the_apis_own_address_whichever_name_a_client_came_by(
    default: Function, loopback: LoopbackApi
) -> None:
    custom = {"domainName": "notify.shop.example"}
    default(message(subscribe(), connectionId="page", **custom))
    assert _reply(default(message(publish(), **custom)))["accepted"] == 1
    assert _reply(default(message(publish(id="2"))))["accepted"] == 1
    assert [post.target for post in loopback.requests] == ["/prod/@connections/page"] * 2


def test_a_publish_is_logged_and_counted_by_its_outcomes(
    default: Function, loopback: LoopbackApi
) -> None:
    for connection_id in ("living", "dead", "failing"):
        default(message(subscribe(), connectionId=connection_id))
    loopback.script(200, 410, 403, 410)
    default(captured("message"))
    output = default.output()
    metrics = output.metrics
    assert metrics.pop("PublishLatency") >= 0
    assert metrics == {"Publishes": 1, "PostsAccepted": 1, "PostsGone": 1, "PostsFailed": 1}
    failed, published = output.logs
    assert (failed["level"], failed["message"]) == ("WARNING", "posts failed")
    assert failed["reasons"] == {"403": 1}
    assert failed["request_id"] == published["request_id"] == REQUEST
    assert (published["level"], published["message"]) == ("INFO", "published")
    assert {name: published[name] for name in ("merchant_id", "ref", "id", "accepted")} == {
        "merchant_id": "merchant_id",
        "ref": "12303",
        "id": REQUEST,
        "accepted": 1,
    }
    assert (published["gone"], published["failed"], published["duplicate"]) == (1, 1, False)


def test_the_latency_of_a_publish_counts_from_when_its_frame_arrived(default: Function) -> None:
    default(message(publish(), requestTimeEpoch=0))
    assert default.output().metrics["PublishLatency"] > 1_700_000_000_000
    default(message(publish(id="2"), requestTimeEpoch=9_999_999_999_999))
    assert default.output().metrics["PublishLatency"] == 0


def test_a_subscribe_is_answered_until_two_hours_after_the_handshake(default: Function) -> None:
    opened_at = time.time_ns() // 1_000_000 - 60_000
    reply = _reply(default(message(subscribe(), connectedAt=opened_at)))
    assert reply["type"] == "subscribed"
    assert reply["expires_at"] == to_rfc3339(opened_at + 2 * 60 * 60 * 1000)


@pytest.mark.parametrize(
    ("body", "kind", "metrics", "fields"),
    [
        (subscribe(), "subscribed", {"Subscribes": 1}, {"merchant_id", "ref", "replayed"}),
        (unsubscribe(), "unsubscribed", {}, {"merchant_id", "ref"}),
    ],
)
def test_every_other_reply_is_logged_and_a_subscribe_is_counted(
    body: str, kind: str, metrics: dict[str, int], fields: set[str], default: Function
) -> None:
    assert _reply(default(message(body)))["type"] == kind
    output = default.output()
    assert output.metrics == metrics
    (line,) = output.logs
    assert line["message"] == kind
    assert line["request_id"] == REQUEST
    assert line["connection_id"] == message(body)["requestContext"]["connectionId"]
    assert fields <= line.keys()


def test_a_ping_is_not_logged_and_not_counted(default: Function) -> None:
    assert _reply(default(message('{"action":"ping"}')))["type"] == "pong"
    assert (default.output().logs, default.output().metrics) == ([], {})


@pytest.mark.parametrize(
    ("event", "code", "field"),
    [
        (captured("message_empty"), "invalid_json", None),
        (message("no json"), "invalid_json", None),
        (message(publish(status="maybe")), "invalid_message", "status"),
        (message('{"action":"$default"}'), "invalid_message", "action"),
        (message(publish(message="é" * 70_000)), "too_large", None),
    ],
    ids=["empty", "no json", "status", "action", "large"],
)
def test_a_refusal_is_answered_logged_and_counted(
    event: dict[str, Any], code: str, field: str | None, default: Function
) -> None:
    reply = _reply(default(event))
    assert (reply["type"], reply["code"], reply.get("field")) == ("error", code, field)
    assert reply["request_id"] == event["requestContext"]["requestId"]
    output = default.output()
    assert output.metrics == {"FramesRefused": 1}
    (line,) = output.logs
    assert (line["level"], line["message"]) == ("INFO", "frame refused")
    assert (line["code"], line.get("field")) == (code, field)
    assert line["request_id"] == reply["request_id"]


def test_a_failure_is_answered_counted_and_logged_exactly_once(
    default: Function, tables: FakeDynamoDb
) -> None:
    tables.drop(LEDGER)
    reply = _reply(default(captured("message")))
    assert (reply["code"], reply["retryable"]) == ("internal_error", True)
    assert LEDGER not in json.dumps(reply)
    output = default.output()
    assert output.metrics == {"InternalErrors": 1}
    (line,) = output.logs
    assert line["level"] == "ERROR"
    assert line["request_id"] == reply["request_id"] == REQUEST
    assert "ResourceNotFoundException" in line["exception"]


def test_a_subscriber_gone_during_its_replay_gets_no_reply(
    default: Function, loopback: LoopbackApi, tables: FakeDynamoDb
) -> None:
    default(captured("message"))
    loopback.script(410, 410)
    assert default(message(subscribe())) == {"statusCode": 200}
    output = default.output()
    assert output.metrics == {}
    assert output.logs[-1]["message"] == "subscriber gone"
    assert tables.subscriptions() == []


def test_no_payload_is_ever_logged(default: Function, loopback: LoopbackApi) -> None:
    secret = "very private"  # noqa: S105 - what must not be in the log
    written = ""
    for body in (
        subscribe(message=secret),
        publish(message=secret, body=secret, id="1"),
        publish(message=secret, extra=secret, status=secret),
        unsubscribe(message=secret),
        f"{secret}",
        publish(message=secret * 20_000),
    ):
        default(message(body))
        output = default.output()
        assert all("body" not in line for line in output.logs)
        written += output.text
    assert len(written) > 1000
    assert secret not in written
    assert secret in loopback.requests[0].body.decode()


def test_the_log_of_a_frame_has_no_fields_of_the_previous_one(default: Function) -> None:
    default(message(publish()))
    default('{"not":"an event"}')
    (line,) = default.output().logs
    assert "merchant_id" not in line
    assert line["request_id"] == FakeLambdaContext().aws_request_id


@pytest.mark.parametrize("name", DEFAULT_SETTINGS)
def test_a_missing_setting_fails_at_start_with_its_name(
    name: str, settings: pytest.MonkeyPatch
) -> None:
    settings.delenv(name)
    with pytest.raises(MissingSettingError, match=name):
        import_anew("default")


def test_a_wrong_address_fails_at_start_with_its_name(
    settings: pytest.MonkeyPatch,
) -> None:
    settings.setenv(ENDPOINT, "wss://a.example/prod")
    with pytest.raises(InvalidSettingError, match=ENDPOINT):
        import_anew("default")
