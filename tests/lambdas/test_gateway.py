"""Reading API Gateway's events and answering them."""

import copy
import json
from typing import Any

import pytest

from lambdas.layer import gateway
from tests.kit.events import captured

LISTED = frozenset({"https://pay.example.com", "http://localhost:8080"})


def _handshake(**headers: str) -> gateway.Event:
    """Return a handshake with these headers besides its Host."""
    event = captured("connect")
    event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    return event


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("connect", "CONNECT"),
        ("connect_browser", "CONNECT"),
        ("message", "MESSAGE"),
        ("message_empty", "MESSAGE"),
        ("disconnect", "DISCONNECT"),
    ],
)
def test_captured_events_are_told_apart_by_their_type(name: str, kind: str) -> None:
    event = captured(name)
    assert gateway.is_event(event)
    assert gateway.event_type(event) == kind
    assert gateway.request_id(event) == event["requestContext"]["requestId"]


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "text",
        7,
        [],
        {},
        {"requestContext": None},
        {"requestContext": "MESSAGE"},
        {"requestContext": {"http": {}}},
        {"requestContext": {"eventType": "MESSAGE"}},
        {"client": "backend", "eventType": "MESSAGE"},
        {**captured("message"), "client": "backend"},
        {**captured("message"), "action": "ping"},
        {**captured("message"), "client": None},
        {**captured("message"), "body": {"client": "backend"}},
        {**captured("message"), "body": 7},
    ],
)
def test_a_payload_of_a_direct_invocation_is_not_an_event(payload: Any) -> None:
    assert not gateway.is_event(payload)


@pytest.mark.parametrize(
    "name", ["connectionId", "eventType", "requestId", "connectedAt", "requestTimeEpoch"]
)
@pytest.mark.parametrize("odd", [None, 1.5, [], {}, [[["x"]]]])
def test_an_event_that_lacks_a_required_field_or_has_another_type_is_not_one(
    name: str, odd: Any
) -> None:
    event = captured("message")
    event["requestContext"][name] = odd
    assert not gateway.is_event(event)
    del event["requestContext"][name]
    assert not gateway.is_event(event)


def test_a_reply_is_sent_back_as_the_body_of_the_response() -> None:
    response = gateway.respond({"client": "server", "ref": "é💳"})
    assert response == {"statusCode": 200, "body": '{"client": "server", "ref": "é💳"}'}


def test_no_reply_is_a_response_without_a_body() -> None:
    assert gateway.respond(None) == {"statusCode": 200}


def test_a_message_on_a_route_of_the_connection_is_refused_with_an_error_frame() -> None:
    event = captured("message")
    response = gateway.reject_message(event)
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {
        "client": "server",
        "type": "error",
        "code": "invalid_message",
        "field": "action",
        "message": "action must be `unsubscribe` or `ping`",
        "retryable": False,
        "request_id": event["requestContext"]["requestId"],
    }


def test_a_stage_that_lists_no_origin_allows_all() -> None:
    assert gateway.origin_allowed(_handshake(Origin="https://anywhere.example"), frozenset())
    assert gateway.origin_allowed(_handshake(Origin="null"), frozenset())


WILD = frozenset({"https://*.shop.example", "https://*.shop.example:8443", "http://*.localhost"})


@pytest.mark.parametrize(
    "origin",
    [
        "https://a.shop.example",
        "https://a-b_c9.shop.example",
        "https://xn--bcher-kva.shop.example",
        "HTTPS://Pay.Shop.EXAMPLE",
        "https://a.shop.example:8443",
        "http://a.localhost",
    ],
)
def test_a_wildcard_stands_for_one_label(origin: str) -> None:
    assert gateway.origin_allowed(_handshake(Origin=origin), WILD)


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "https://a.b.shop.example",
        "https://.shop.example",
        "https://a..shop.example",
        "https://*.shop.example",
        "https://*.*.shop.example",
        "https://evil.shop.example.attacker.io",
        "https://shop.example.evil",
        "https://a.shop.example.evil",
        "https://evilshop.example",
        "https://attacker.io/a.shop.example",
        "https://attacker.io#.shop.example",
        "https://attacker.io?.shop.example",
        "https://attacker.io\\.shop.example",
        "https://attacker.io:443@a.shop.example",
        "https://user@a.shop.example",
        "https://user:a.shop.example",
        "https://a.shop.example.",
        "https://a.shop.example/",
        "https://a.shop.example:443",
        "https://a.shop.example:8444",
        "https://a.shop.example:08443",
        "http://a.shop.example",
        "wss://a.shop.example",
        "https:a.shop.example",
        "//a.shop.example",
        "a.shop.example",
        " https://a.shop.example",
        "https://a.shop.example https://attacker.io",
        "https://attacker.io,https://a.shop.example",
        "https://%61.shop.example",
        "https://bücher.shop.example",
        "https://a\u3002shop.example",
        "https://a.\u017fhop.example",
        "https://a\n.shop.example",
        "null",
    ],
)
def test_a_wildcard_stands_for_nothing_else(origin: str) -> None:
    assert not gateway.origin_allowed(_handshake(Origin=origin), WILD)


def test_a_letter_that_only_becomes_ascii_in_lower_case_is_another_one() -> None:
    listed = frozenset({"https://kiosk.example", "https://*.kiosk.example"})
    for origin in ("https://\u212aiosk.example", "https://a.\u212aiosk.example"):
        assert origin.lower().endswith("kiosk.example")
        assert not gateway.origin_allowed(_handshake(Origin=origin), listed)


@pytest.mark.parametrize(
    "origin", ["capacitor://localhost", "app://bundle", "null", "file://", "Capacitor://LOCALHOST"]
)
def test_an_app_or_a_page_without_an_origin_is_allowed_exactly_where_it_is_listed(
    origin: str,
) -> None:
    listed = frozenset({origin.lower()})
    assert gateway.origin_allowed(_handshake(Origin=origin), listed)
    assert not gateway.origin_allowed(_handshake(Origin=origin), LISTED)
    assert not gateway.origin_allowed(_handshake(Origin="http://localhost"), listed)


def test_a_client_without_an_origin_is_allowed() -> None:
    assert gateway.origin_allowed(captured("connect"), LISTED)


def test_an_event_without_headers_names_no_origin() -> None:
    event = captured("connect")
    del event["headers"]
    assert gateway.origin_allowed(event, LISTED)
    assert gateway.origin_allowed({**event, "headers": None}, LISTED)


@pytest.mark.parametrize("name", ["Origin", "origin", "ORIGIN"])
@pytest.mark.parametrize("origin", ["https://pay.example.com", "HTTPS://Pay.Example.COM"])
def test_a_listed_origin_is_allowed_however_it_is_spelled(name: str, origin: str) -> None:
    assert gateway.origin_allowed(_handshake(**{name: origin}), LISTED)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://pay.example.com",
        "https://pay.example.com.evil.example",
        "https://evil-pay.example.com",
        "https://pay.example.com:8443",
        "http://localhost:8081",
        "https://pay.example.com/",
        "null",
        "pay.example.com",
        "http://[",
        "file://",
    ],
)
def test_any_other_origin_is_refused(origin: str) -> None:
    assert not gateway.origin_allowed(_handshake(Origin=origin), LISTED)


def test_the_own_host_is_allowed_as_websocket_client_sends_it() -> None:
    event = _handshake()
    event["headers"]["Origin"] = "https://" + event["headers"]["Host"]
    assert gateway.origin_allowed(event, LISTED)


def test_the_own_host_is_the_custom_domain_where_a_client_came_by_it() -> None:
    default_domain = _handshake()["requestContext"]["domainName"]
    event = _handshake(Host="notify.shop.example", Origin="https://notify.shop.example")
    event["requestContext"]["domainName"] = "notify.shop.example"
    assert gateway.origin_allowed(event, LISTED)
    for other in (default_domain, "shop.example", "other.shop.example"):
        event["headers"]["Origin"] = f"https://{other}"
        assert not gateway.origin_allowed(event, LISTED)


def test_the_own_host_is_allowed_with_its_port() -> None:
    event = _handshake(Host="localhost:4566", Origin="http://localhost:4566")
    assert gateway.origin_allowed(event, LISTED)
    event = _handshake(Host="localhost:4566", Origin="http://localhost:4567")
    assert not gateway.origin_allowed(event, LISTED)


def test_the_own_host_is_known_from_the_context_where_a_proxy_changed_the_header() -> None:
    event = _handshake(Host="edge.example")
    event["headers"]["Origin"] = "https://" + event["requestContext"]["domainName"]
    assert gateway.origin_allowed(event, LISTED)


@pytest.mark.parametrize("origin", ["null", "file://"])
def test_an_origin_without_a_host_is_not_the_host_of_an_event_that_names_none(origin: str) -> None:
    event = _handshake(Origin=origin)
    del event["headers"]["Host"]
    assert not gateway.origin_allowed(event, LISTED)
    del event["requestContext"]["domainName"]
    assert not gateway.origin_allowed(event, LISTED)


def test_looking_at_an_event_does_not_change_it() -> None:
    event = captured("connect_browser")
    before = copy.deepcopy(event)
    gateway.origin_allowed(event, LISTED)
    assert event == before


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  ", " Bearer "])
def test_a_token_comes_in_the_header_before_the_query(name: str, scheme: str) -> None:
    event = _handshake(**{name: f"{scheme}a.b.c "})
    event["queryStringParameters"] = {"token": "of.the.query"}
    assert gateway.token(event) == "a.b.c"


@pytest.mark.parametrize("other", ["Basic dXNlcjpwYXNz", "", "Bearerx y", "Token x", "AWS4 a=b"])
def test_an_authorization_of_another_scheme_is_not_a_token(other: str) -> None:
    event = _handshake(Authorization=other)
    assert gateway.token(event) is None
    event["queryStringParameters"] = {"token": "of.the.query"}
    assert gateway.token(event) == "of.the.query"


@pytest.mark.parametrize("query", [{}, None, {"other": "x"}, {"Token": "x"}])
def test_a_handshake_may_have_no_token(query: dict[str, str] | None) -> None:
    event = captured("connect")
    assert gateway.token(event) is None
    event["queryStringParameters"] = query
    assert gateway.token(event) is None


@pytest.mark.parametrize("empty", ["Bearer", "Bearer "])
def test_an_empty_token_is_not_the_same_as_none(empty: str) -> None:
    assert gateway.token(_handshake(Authorization=empty)) == ""
    event = captured("connect")
    event["queryStringParameters"] = {"token": ""}
    assert gateway.token(event) == ""


@pytest.mark.parametrize("left", [None, "text", [], 7])
def test_the_authorizers_context_is_an_object_or_empty(left: object) -> None:
    event = captured("message")
    assert gateway.authorizer(event) == {}
    event["requestContext"]["authorizer"] = left
    assert gateway.authorizer(event) == {}
    event["requestContext"]["authorizer"] = {"client": "backend"}
    assert gateway.authorizer(event) == {"client": "backend"}
