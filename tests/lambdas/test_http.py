"""`default` as the HTTP API calls it: what it takes, and with which status it answers."""

import base64
import json
import time
from typing import Any

import pytest

from lambdas.layer.auth.principal import Identity
from tests.kit.dynamodb import LEDGER, FakeDynamoDb
from tests.kit.events import captured
from tests.kit.frames import PUBLISH, message, publish, request, subscribe, unsubscribe, without
from tests.kit.functions import Function
from tests.kit.loopback import LoopbackApi

REQUEST: str = captured("http_publish")["requestContext"]["requestId"]
POLL = {"merchant_id": "merchant_id", "ref": "12303"}
POLLED = json.dumps(POLL)
PATHS = ["/publish", "/notifications"]


def _body(response: dict[str, Any], status: int) -> dict[str, Any]:
    """Return the frame in a response of this status; what all of them have is checked."""
    expected = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if status == 503:
        expected["Retry-After"] = "2"
    assert response.keys() == {"statusCode", "headers", "body"}
    assert (response["statusCode"], response["headers"]) == (status, expected)
    frame: dict[str, Any] = json.loads(response["body"])
    assert frame["client"] == "server"
    return frame


def _end(seconds: int) -> int:
    return (int(time.time()) + seconds) * 1000


def _context(**changes: Any) -> dict[str, Any]:
    """Return the context of a request whose token the authorizer took."""
    claims = {"client": "frontend", "merchant_id": "merchant_id", "refs": frozenset({"12303"})}
    identity = Identity(**{"expires_at_ms": _end(600), **claims, **changes})
    return {"authorizer": {"lambda": identity.to_context()}}


@pytest.fixture
def guarded(settings: pytest.MonkeyPatch, default: Function) -> Function:
    settings.setenv("AUTH", "required")
    return default


def test_a_publish_as_curl_sends_it_is_posted_logged_and_counted(
    default: Function, loopback: LoopbackApi
) -> None:
    default(message(subscribe(), connectionId="page"))
    receipt = _body(default(captured("http_publish")), 200)
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
        assert _body(default(event), 200)


def test_a_publish_without_client_is_the_same_as_one_with_it(default: Function) -> None:
    body = json.loads(without(PUBLISH, "client"))
    first = _body(default(request("/publish", json.dumps({**body, "id": "1"}))), 200)
    second = json.loads(default(message(publish(id="1")))["body"])
    assert second == {**first, "duplicate": True}


def test_a_poll_brings_what_was_published_and_is_logged_and_counted(default: Function) -> None:
    receipt = _body(default(request("/publish", publish(amount=1e-7))), 200)
    answer = _body(default(request("/notifications", POLLED)), 200)
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
    answer = _body(default(captured("http_notifications")), 200)
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
    frame = _body(default(event), status)
    assert (frame["code"], frame.get("field"), frame["request_id"]) == (code, field, REQUEST)
    assert default.output().metrics == {"FramesRefused": 1}
    assert tables.subscriptions() == tables.entries() == []


@pytest.mark.parametrize("body", ["%%%", "abc", base64.b64encode(b'{"ref":"\xff"}').decode()])
def test_a_body_that_is_not_base64_of_utf8_is_invalid_json(body: str, default: Function) -> None:
    event = captured("http_publish") | {"body": body}
    assert _body(default(event), 400)["code"] == "invalid_json"


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
    assert _body(default(event), 400)["code"] == "invalid_json"
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
    assert _body(default(event), 200)["type"] == "receipt"


def test_an_event_without_a_body_is_invalid_json(default: Function) -> None:
    event = captured("http_notifications")
    del event["body"]
    assert _body(default(event), 400)["code"] == "invalid_json"


def test_the_limit_is_that_of_the_notification_and_not_of_the_body_around_it(
    default: Function,
) -> None:
    body = " " * 200_000 + publish()
    assert _body(default(request("/publish", body)), 200)["type"] == "receipt"


@pytest.mark.parametrize("client", ["frontend", "server", 7, None])
def test_a_poll_does_not_look_at_a_client(client: Any, default: Function) -> None:
    body = json.dumps({**POLL, "client": client})
    assert _body(default(request("/notifications", body)), 200)["type"] == "notifications"


@pytest.mark.parametrize("path", PATHS)
def test_a_failure_is_503_and_may_be_sent_again_after_seconds(
    path: str, default: Function, tables: FakeDynamoDb
) -> None:
    tables.drop(LEDGER)
    frame = _body(default(request(path, publish())), 503)
    assert (frame["code"], frame["retryable"], frame["request_id"]) == (
        *("internal_error", True),
        REQUEST,
    )
    output = default.output()
    assert output.metrics == {"InternalErrors": 1}
    assert [line["level"] for line in output.logs] == ["ERROR"]


# -- tokens


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "context",
    [
        {},
        {"authorizer": None},
        {"authorizer": {}},
        {"authorizer": {"lambda": {}}},
        {"authorizer": {"lambda": None}},
        {"authorizer": {"lambda": [_context()]}},
        {"authorizer": _context()["authorizer"]["lambda"]},  # where the WebSocket API has it
        {"authorizer": {"jwt": {"claims": _context()["authorizer"]["lambda"]}}},
    ],
    ids=range(8),
)
def test_where_a_token_is_required_a_request_without_one_is_forbidden(
    path: str, context: Any, guarded: Function, tables: FakeDynamoDb
) -> None:
    frame = _body(guarded(request(path, publish(), **context)), 403)
    assert (frame["code"], frame.get("field")) == ("forbidden", None)
    assert tables.entries() == []


@pytest.mark.parametrize("auth", ["off", "optional"])
@pytest.mark.parametrize("context", [{}, {"authorizer": {"lambda": {}}}, {"authorizer": None}])
def test_where_none_is_required_a_request_without_one_may_do_everything(
    auth: str, context: Any, settings: pytest.MonkeyPatch, default: Function
) -> None:
    settings.setenv("AUTH", auth)
    assert _body(default(request("/publish", publish(), **context)), 200)["type"] == "receipt"
    answer = _body(default(request("/notifications", POLLED, **context)), 200)
    assert len(answer["notifications"]) == 1


BACKEND = {"client": "backend", "refs": None}


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/publish", BACKEND),
        ("/notifications", BACKEND),
        ("/notifications", {}),
        ("/notifications", {"client": "backend"}),
    ],
)
def test_a_backend_publishes_and_both_ask_for_what_their_token_allows(
    path: str, changes: dict[str, Any], guarded: Function
) -> None:
    assert _body(guarded(request(path, publish(), **_context(**changes))), 200)


@pytest.mark.parametrize(
    ("path", "changes", "field"),
    [
        ("/publish", {}, "client"),
        ("/publish", {**BACKEND, "merchant_id": "another"}, "merchant_id"),
        ("/publish", {**BACKEND, "refs": frozenset({"7"})}, "ref"),
        ("/notifications", {"merchant_id": "another"}, "merchant_id"),
        ("/notifications", {**BACKEND, "merchant_id": "another"}, "merchant_id"),
        ("/notifications", {"refs": frozenset({"7"})}, "ref"),
        ("/notifications", {**BACKEND, "refs": frozenset({"7"})}, "ref"),
        ("/publish", {**BACKEND, "expires_at_ms": _end(-1)}, "exp"),
        ("/notifications", {"expires_at_ms": _end(-1)}, "exp"),
    ],
)
def test_a_request_beyond_the_token_is_forbidden_with_the_field(
    path: str, changes: dict[str, Any], field: str, guarded: Function, tables: FakeDynamoDb
) -> None:
    frame = _body(guarded(request(path, publish(), **_context(**changes))), 403)
    assert (frame["code"], frame["field"]) == ("forbidden", field)
    assert tables.entries() == []


# -- origins, and the order of refusals

LISTED = "https://pay.example.com"
OTHER = "https://elsewhere.example"


@pytest.fixture
def listed(settings: pytest.MonkeyPatch, default: Function) -> Function:
    settings.setenv("ALLOWED_ORIGINS", f"{LISTED},https://*.shop.example")
    return default


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [LISTED, "https://a.shop.example", "HTTPS://Pay.example.com"])
def test_a_page_that_the_stage_lists_may_ask(path: str, origin: str, listed: Function) -> None:
    assert _body(listed(request(path, publish(), origin=origin)), 200)


@pytest.mark.parametrize("path", PATHS)
def test_a_request_without_an_origin_is_not_a_pages(path: str, listed: Function) -> None:
    assert _body(listed(request(path, publish())), 200)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [OTHER, "null", "https://a.b.shop.example"])
def test_a_page_that_the_stage_does_not_list_is_forbidden(
    path: str, origin: str, listed: Function, tables: FakeDynamoDb
) -> None:
    frame = _body(listed(request(path, publish(), origin=origin)), 403)
    assert (frame["code"], frame["field"]) == ("forbidden", "origin")
    assert tables.entries() == []


@pytest.mark.parametrize("path", PATHS)
def test_refusals_are_in_the_order_token_origin_json_fields_permission(
    path: str, settings: pytest.MonkeyPatch, listed: Function
) -> None:
    settings.setenv("AUTH", "required")
    ended, foreign = _context(expires_at_ms=_end(-1)), _context(merchant_id="another")
    bad = publish(ref=True)

    def refused(body: str, origin: str, context: dict[str, Any]) -> tuple[str, str | None]:
        response = listed(request(path, body, origin=origin, **context))
        frame = json.loads(response["body"])
        return frame["code"], frame.get("field")

    assert refused("{", OTHER, ended) == ("forbidden", "exp")
    assert refused("{", OTHER, foreign) == ("forbidden", "origin")
    assert refused("{", LISTED, foreign) == ("invalid_json", None)
    assert refused(bad, LISTED, foreign) == ("invalid_message", "ref")
    code, field = refused(publish(), LISTED, foreign)
    assert (code, field in {"client", "merchant_id"}) == ("forbidden", True)


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
