"""Who may ask `default` over HTTPS: tokens, origins, and the order of refusals."""

import json
import time
from typing import Any

import pytest

from lambdas.layer.auth.principal import Identity
from tests.kit.dynamodb import FakeDynamoDb
from tests.kit.frames import publish, request
from tests.kit.functions import Function, frame_in

POLLED = json.dumps({"merchant_id": "merchant_id", "ref": "12303"})
PATHS = ["/publish", "/notifications"]


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
    frame = frame_in(guarded(request(path, publish(), **context)), 403)
    assert (frame["code"], frame.get("field")) == ("forbidden", None)
    assert tables.entries() == []


@pytest.mark.parametrize("auth", ["off", "optional"])
@pytest.mark.parametrize("context", [{}, {"authorizer": {"lambda": {}}}, {"authorizer": None}])
def test_where_none_is_required_a_request_without_one_may_do_everything(
    auth: str, context: Any, settings: pytest.MonkeyPatch, default: Function
) -> None:
    settings.setenv("AUTH", auth)
    assert frame_in(default(request("/publish", publish(), **context)), 200)["type"] == "receipt"
    answer = frame_in(default(request("/notifications", POLLED, **context)), 200)
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
    assert frame_in(guarded(request(path, publish(), **_context(**changes))), 200)


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
    frame = frame_in(guarded(request(path, publish(), **_context(**changes))), 403)
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
    assert frame_in(listed(request(path, publish(), origin=origin)), 200)


@pytest.mark.parametrize("path", PATHS)
def test_a_request_without_an_origin_is_not_a_pages(path: str, listed: Function) -> None:
    assert frame_in(listed(request(path, publish())), 200)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [OTHER, "null", "https://a.b.shop.example"])
def test_a_page_that_the_stage_does_not_list_is_forbidden(
    path: str, origin: str, listed: Function, tables: FakeDynamoDb
) -> None:
    frame = frame_in(listed(request(path, publish(), origin=origin)), 403)
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
