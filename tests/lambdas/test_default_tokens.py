"""`$default` and tokens: what API Gateway hands over of one decides, whatever a frame says."""

import json
import time
from typing import Any

import pytest

from lambdas.layer.auth.principal import Identity
from lambdas.layer.protocol.clock import to_rfc3339
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from tests.kit.dynamodb import FakeDynamoDb
from tests.kit.frames import PUBLISH, message, publish, subscribe, unsubscribe
from tests.kit.functions import Function, import_anew
from tests.kit.loopback import LoopbackApi

FRAMES = [
    publish(),
    subscribe(),
    unsubscribe(),
    '{"action":"ping"}',
    "",
    "garbage",
    publish(status="maybe"),
    json.dumps({**PUBLISH, "requestContext": {"authorizer": {"client": "backend"}}}),
    publish(token=1, authorizer={"client": "backend"}),
]


def _end(seconds: int = 600) -> int:
    return (int(time.time()) + seconds) * 1000


def _identity(**changes: Any) -> Identity:
    claims = {"client": "frontend", "merchant_id": "merchant_id", "refs": frozenset({"12303"})}
    return Identity(**{"expires_at_ms": _end(), **claims, **changes})


def _event(body: str, context: Any) -> dict[str, Any]:
    """Return a frame's event as a stage with an authorizer has it."""
    added = {"principalId": "somebody", "integrationLatency": 12}
    if isinstance(context, Identity):
        return message(body, authorizer={**added, **context.to_context()})
    return message(body, authorizer=context)


def _reply(response: dict[str, Any]) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(response["body"])
    return reply


@pytest.fixture
def guarded(settings: pytest.MonkeyPatch, default: Function) -> Function:
    settings.setenv("AUTH", "required")
    return default


def _assert_forbidden(
    function: Function,
    event: dict[str, Any],
    field: str | None,
    api: LoopbackApi,
    tables: FakeDynamoDb,
) -> None:
    reply = _reply(function(event))
    assert (reply["type"], reply["code"], reply.get("field")) == ("error", "forbidden", field)
    assert function.output().metrics == {"FramesRefused": 1}
    assert api.requests == []
    assert tables.subscriptions() == tables.entries() == []


WITHOUT: dict[str, Any] = {
    "absent": ...,
    "null": None,
    "empty": {},
    "no object": "frontend",
    "a list": [{"client": "frontend"}],
    "of an anonymous": {"principalId": "anonymous", "integrationLatency": 3},
    "of another authorizer": {"principalId": "user", "sub": "user"},
    "a client alone": {"client": "backend"},
    "without an end": {"client": "backend", "merchant_id": "merchant_id", "refs": "null"},
    "with no end": {**_identity().to_context(), "expires_at_ms": "never"},
    "with no refs": {**_identity().to_context(), "refs": "12303"},
    "not as text": {**_identity().to_context(), "refs": ["12303"]},
}


@pytest.mark.parametrize("frame", FRAMES)
def test_where_a_token_is_required_a_frame_without_one_is_forbidden(
    frame: str, guarded: Function, loopback: LoopbackApi, tables: FakeDynamoDb
) -> None:
    _assert_forbidden(guarded, message(frame), None, loopback, tables)


@pytest.mark.parametrize("context", WITHOUT.values(), ids=WITHOUT.keys())
def test_a_context_that_holds_no_identity_is_none(
    context: Any, guarded: Function, loopback: LoopbackApi, tables: FakeDynamoDb
) -> None:
    event = _event(publish(), context)
    if context is ...:
        del event["requestContext"]["authorizer"]
    _assert_forbidden(guarded, event, None, loopback, tables)


@pytest.mark.parametrize("auth", ["off", "optional", "required"])
@pytest.mark.parametrize(
    ("frame", "changes", "field"),
    [
        (publish(), {}, "client"),
        (subscribe(), {"client": "backend"}, "client"),
        (unsubscribe(), {"client": "backend"}, "action"),
        (subscribe(), {"merchant_id": "another"}, "merchant_id"),
        (publish(), {"client": "backend", "merchant_id": "another", "refs": None}, "merchant_id"),
        (subscribe(ref=7), {}, "ref"),
        (publish(ref="7"), {"client": "backend"}, "ref"),
        (publish(), {"client": "backend", "refs": frozenset()}, "ref"),
        (subscribe(), {"expires_at_ms": _end(-1)}, "exp"),
        ('{"action":"ping"}', {"expires_at_ms": _end(-1)}, "exp"),
        ("garbage", {"expires_at_ms": _end(-1)}, "exp"),
        (publish(), {"client": "server"}, None),
        (subscribe(), {"refs": None}, None),
    ],
)
def test_a_frame_beyond_the_token_is_forbidden_even_when_none_is_required(  # noqa: PLR0913, PLR0917 - pytest's
    frame: str,
    changes: dict[str, Any],
    field: str | None,
    auth: str,
    settings: pytest.MonkeyPatch,
    default: Function,
    loopback: LoopbackApi,
    tables: FakeDynamoDb,
) -> None:
    settings.setenv("AUTH", auth)
    _assert_forbidden(default, _event(frame, _identity(**changes)), field, loopback, tables)


def test_a_frame_within_the_token_is_handled(guarded: Function, loopback: LoopbackApi) -> None:
    page, backend = _identity(), _identity(client="backend", refs=None)
    assert _reply(guarded(_event(subscribe(ref=12303), page)))["type"] == "subscribed"
    assert _reply(guarded(_event(publish(), backend)))["accepted"] == 1
    assert len(loopback.requests) == 1
    assert _reply(guarded(_event('{"action":"ping"}', page)))["type"] == "pong"
    assert _reply(guarded(_event(unsubscribe(), page)))["type"] == "unsubscribed"


def test_a_subscription_expires_with_its_token(guarded: Function, tables: FakeDynamoDb) -> None:
    who = _identity(expires_at_ms=_end(60))
    reply = _reply(guarded(_event(subscribe(), who)))
    assert reply["expires_at"] == to_rfc3339(who.expires_at_ms)
    rows = [*tables.subscriptions(), *tables.entries("subscription")]
    assert [int(row["expires_at"]["N"]) * 1000 for row in rows] == [who.expires_at_ms] * 2


@pytest.mark.parametrize("auth", ["off", "optional"])
@pytest.mark.parametrize("context", [None, {"principalId": "anonymous", "integrationLatency": 1}])
def test_where_no_token_is_required_a_connection_without_one_may_do_everything(
    context: Any, auth: str, settings: pytest.MonkeyPatch, default: Function
) -> None:
    settings.setenv("AUTH", auth)
    assert _reply(default(_event(subscribe(), context)))["type"] == "subscribed"
    assert _reply(default(_event(publish(), context)))["accepted"] == 1


def test_an_invocation_by_iam_needs_no_token(guarded: Function) -> None:
    assert guarded(PUBLISH)["type"] == "receipt"


@pytest.mark.parametrize("event_type", ["MESSAGE", "CONNECT", "DISCONNECT", "", "message"])
def test_an_event_of_api_gateway_never_counts_as_an_invocation(
    event_type: str, guarded: Function, loopback: LoopbackApi, tables: FakeDynamoDb
) -> None:
    event = message(publish(requestContext=None, body=publish()), eventType=event_type)
    _assert_forbidden(guarded, event, None, loopback, tables)


@pytest.mark.parametrize("odd", [None, 1.5, [], {"connectionId": "c1"}])
def test_an_event_that_api_gateway_would_not_send_publishes_nothing_of_its_body(
    odd: Any, guarded: Function, loopback: LoopbackApi, tables: FakeDynamoDb
) -> None:
    reply = guarded({**message(publish()), "requestContext": odd})
    assert (reply["code"], reply["field"]) == ("invalid_message", "client")
    assert loopback.requests == []
    assert tables.subscriptions() == tables.entries() == []


def test_a_refusal_is_logged_with_its_code_and_without_the_token_it_was_for(
    guarded: Function,
) -> None:
    who = _identity(merchant_id="a-merchant", refs=frozenset({"a secret ref"}))
    guarded(_event(subscribe(), who))
    output = guarded.output()
    (line,) = output.logs
    assert (line["level"], line["message"]) == ("INFO", "frame refused")
    assert (line["code"], line["field"]) == ("forbidden", "merchant_id")
    assert "a secret ref" not in output.text


@pytest.mark.parametrize("value", ["on", "Required", "none", "required ", "true"])
def test_an_unknown_auth_fails_at_start_with_its_name(
    value: str, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("AUTH", value)
    with pytest.raises(InvalidSettingError, match="AUTH must be one of off, optional, required"):
        import_anew("default")


def test_a_missing_auth_fails_at_start_with_its_name(settings: pytest.MonkeyPatch) -> None:
    settings.delenv("AUTH")
    with pytest.raises(MissingSettingError, match="AUTH"):
        import_anew("default")
