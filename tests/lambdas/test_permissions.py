"""What a principal may do: every frame of each, through the whole handler."""

import itertools
import json
from typing import Any, Final

import pytest

from lambdas.layer.auth.principal import Identity, Principal, Unauthenticated
from lambdas.layer.handler import Handler
from tests.kit.clock import FakeClock
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import FakeDynamoDb, JournaledDynamoDb
from tests.kit.frames import publish, subscribe, unsubscribe

START: Final = FakeClock().now
END: Final = START + 60_000
PING: Final = '{"action":"ping"}'
NEEDS: Final = {"frontend": "client", "backend": "client", "unsubscribe": "action"}
"""The frames by what they need a token for, and the field that is to blame without it."""


def _frame(kind: str, merchant_id: str, ref: str | int) -> str:
    make = {"frontend": subscribe, "backend": publish, "unsubscribe": unsubscribe}[kind]
    return make(merchant_id=merchant_id, ref=ref, id=repr(ref))


def _may(who: Identity, kind: str, merchant_id: str, ref: str | int) -> str | None:
    """Return the field that is to blame, None for what is allowed, as the protocol has it."""
    if who.client != ("backend" if kind == "backend" else "frontend"):
        return NEEDS[kind]
    if merchant_id != who.merchant_id:
        return "merchant_id"
    if who.refs is not None and str(ref) not in who.refs:
        return "ref"
    return None


REFS: Final = (frozenset({"7"}), frozenset({"7", "order 8"}), None)
CELLS: Final[list[tuple[Identity, str, str, Any]]] = list(
    itertools.product(
        [
            Identity(client, "shop", refs, END)
            for client in ("frontend", "backend")
            for refs in REFS
        ],
        NEEDS,
        ["shop", "Shop", "shop2", "sho"],
        ["7", 7, "order 8", "07", 70, "7 ", -7, "*", "8"],
    )
)


def _untouched(tables: FakeDynamoDb, dynamo: JournaledDynamoDb, api: FakeConnections) -> bool:
    return not (dynamo.calls or api.posts or tables.subscriptions() or tables.entries())


def _reply(handler: Handler, frame: str, principal: Principal) -> dict[str, Any]:
    reply: dict[str, Any] | None = handler.handle(
        "page", frame, request_id="r", principal=principal
    )
    assert reply is not None
    return reply


def _assert_forbidden(reply: dict[str, Any], field: str | None) -> None:
    assert (reply["type"], reply["code"], reply.get("field")) == ("error", "forbidden", field)
    assert (reply["retryable"], reply["request_id"]) == (False, "r")


def test_every_combination_of_role_frame_merchant_and_ref_follows_the_protocol(
    handler: Handler, tables: FakeDynamoDb, dynamo: JournaledDynamoDb, api: FakeConnections
) -> None:
    allowed, refused = [], 0
    for who, kind, merchant_id, ref in CELLS:
        field = _may(who, kind, merchant_id, ref)
        if field is None:
            allowed.append((who, kind, merchant_id, ref))
            continue
        _assert_forbidden(_reply(handler, _frame(kind, merchant_id, ref), who), field)
        refused += 1
    assert _untouched(tables, dynamo, api)
    assert refused > 500
    answers = {"frontend": "subscribed", "backend": "receipt", "unsubscribe": "unsubscribed"}
    for who, kind, merchant_id, ref in allowed:
        assert _reply(handler, _frame(kind, merchant_id, ref), who)["type"] == answers[kind]
    assert len(allowed) == (2 + 3 + 9) * 3


@pytest.mark.parametrize("who", [Identity("frontend", "shop", frozenset({"7"}), END), None])
def test_a_ref_may_be_written_as_a_number_or_a_text(who: Principal, handler: Handler) -> None:
    for ref in (7, "7"):
        reply = _reply(handler, subscribe(merchant_id="shop", ref=ref), who)
        assert (reply["type"], reply["ref"]) == ("subscribed", ref)


EVERYTHING: Final = [
    PING,
    subscribe(merchant_id="shop", ref="7"),
    publish(merchant_id="shop", ref="7"),
    unsubscribe(merchant_id="shop", ref="7"),
    subscribe(merchant_id="another"),
    "",
    "garbage",
    "[]",
    "\ud800",
    '{"client":"server"}',
    publish(status="maybe"),
    json.dumps({"action": "ping", "client": "backend"}),
]


@pytest.mark.parametrize("client", ["frontend", "backend"])
@pytest.mark.parametrize("frame", EVERYTHING)
@pytest.mark.parametrize("late", [0, 1, 86_400_000])
def test_an_expired_token_allows_no_frame_not_even_a_ping(  # noqa: PLR0913, PLR0917 - pytest's fixtures
    frame: str,
    client: str,
    late: int,
    handler: Handler,
    tables: FakeDynamoDb,
    dynamo: JournaledDynamoDb,
    api: FakeConnections,
    clock: FakeClock,
) -> None:
    clock.now = END + late
    _assert_forbidden(_reply(handler, frame, Identity(client, "shop", None, END)), "exp")
    assert _untouched(tables, dynamo, api)


@pytest.mark.parametrize("frame", EVERYTHING)
def test_an_unauthenticated_connection_may_do_nothing(
    frame: str,
    handler: Handler,
    tables: FakeDynamoDb,
    dynamo: JournaledDynamoDb,
    api: FakeConnections,
) -> None:
    _assert_forbidden(_reply(handler, frame, Unauthenticated()), None)
    assert _untouched(tables, dynamo, api)


def test_a_token_is_valid_until_a_millisecond_before_its_expiry(
    handler: Handler, clock: FakeClock
) -> None:
    clock.now = END - 1
    who = Identity("frontend", "shop", frozenset({"7"}), END)
    assert _reply(handler, PING, who) == {"client": "server", "type": "pong"}
    assert _reply(handler, subscribe(merchant_id="shop", ref="7"), who)["type"] == "subscribed"
    assert _reply(handler, "garbage", who)["code"] == "invalid_json"


@pytest.mark.parametrize("client", ["frontend", "backend"])
def test_every_identity_may_ping(client: str, handler: Handler) -> None:
    who = Identity(client, "shop", frozenset({"7"}), END)
    assert _reply(handler, PING, who)["type"] == "pong"


def test_the_fields_of_a_frame_grant_nothing(handler: Handler) -> None:
    who = Identity("frontend", "shop", frozenset({"7"}), END)
    claims = {"merchant_id": "other", "refs": None, "expires_at_ms": 9e15, "exp": 9e9, "token": "x"}
    for says in (publish(**claims), subscribe(**claims)):
        assert _reply(handler, says, who)["code"] == "forbidden"


def test_a_rejection_names_neither_the_merchant_nor_the_refs_of_the_token(handler: Handler) -> None:
    who = Identity("frontend", "secret-shop", frozenset({"secret ref"}), END)
    for frame in (publish(), subscribe(), subscribe(merchant_id="secret-shop", ref="8")):
        text = json.dumps({**_reply(handler, frame, who), "merchant_id": None})
        assert "secret" not in text
