"""What a connection may do by its token: every frame of every bearer, through the whole handler."""

import itertools
import json
from typing import Any, Final

import pytest

from lambdas.layer.handler import Handler
from lambdas.layer.identity import Bearer, Identity, Nobody
from tests.fakes import Call, FakeApi, FakeClock, FakeTime, TappedDynamo
from tests.lambdas.examples import publish, subscribe, unsubscribe
from tests.lambdas.tables import Tables

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


def _untouched(tables: Tables, dynamo: TappedDynamo, api: FakeApi) -> bool:
    return not (dynamo.calls or api.posts or tables.subscriptions() or tables.lines())


def _reply(handler: Handler, frame: str, bearer: Bearer) -> dict[str, Any]:
    reply: dict[str, Any] | None = handler.handle("page", frame, request_id="r", bearer=bearer)
    assert reply is not None
    return reply


def _assert_forbidden(reply: dict[str, Any], field: str | None) -> None:
    assert (reply["type"], reply["code"], reply.get("field")) == ("error", "forbidden", field)
    assert (reply["retryable"], reply["request_id"]) == (False, "r")


def test_every_cell_of_role_frame_merchant_and_ref_is_what_the_protocol_says(
    handler: Handler, tables: Tables, dynamo: TappedDynamo, api: FakeApi
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
def test_a_ref_may_be_written_as_a_number_or_a_text(who: Bearer, handler: Handler) -> None:
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
def test_after_its_end_a_token_allows_nothing_not_even_a_ping_or_garbage(  # noqa: PLR0913, PLR0917 - pytest's fixtures
    frame: str,
    client: str,
    late: int,
    handler: Handler,
    tables: Tables,
    dynamo: TappedDynamo,
    api: FakeApi,
    clock: FakeClock,
) -> None:
    clock.now = END + late
    _assert_forbidden(_reply(handler, frame, Identity(client, "shop", None, END)), "exp")
    assert _untouched(tables, dynamo, api)


@pytest.mark.parametrize("frame", EVERYTHING)
def test_nobody_may_do_anything(
    frame: str, handler: Handler, tables: Tables, dynamo: TappedDynamo, api: FakeApi
) -> None:
    _assert_forbidden(_reply(handler, frame, Nobody()), None)
    assert _untouched(tables, dynamo, api)


def test_a_blink_before_its_end_a_token_allows_what_it_says(
    handler: Handler, clock: FakeClock
) -> None:
    clock.now = END - 1
    who = Identity("frontend", "shop", frozenset({"7"}), END)
    assert _reply(handler, PING, who) == {"client": "server", "type": "pong"}
    assert _reply(handler, subscribe(merchant_id="shop", ref="7"), who)["type"] == "subscribed"
    assert _reply(handler, "garbage", who)["code"] == "invalid_json"


@pytest.mark.parametrize("client", ["frontend", "backend"])
def test_any_bearer_may_ping(client: str, handler: Handler) -> None:
    who = Identity(client, "shop", frozenset({"7"}), END)
    assert _reply(handler, PING, who)["type"] == "pong"


def test_what_a_frame_says_of_itself_gives_it_no_rights(handler: Handler) -> None:
    who = Identity("frontend", "shop", frozenset({"7"}), END)
    claims = {"merchant_id": "other", "refs": None, "ends_at": 9e15, "exp": 9e9, "token": "x"}
    for says in (publish(**claims), subscribe(**claims)):
        assert _reply(handler, says, who)["code"] == "forbidden"


def test_a_refusal_names_neither_the_merchant_nor_the_refs_of_the_token(handler: Handler) -> None:
    who = Identity("frontend", "secret-shop", frozenset({"secret ref"}), END)
    for frame in (publish(), subscribe(), subscribe(merchant_id="secret-shop", ref="8")):
        said = json.dumps({**_reply(handler, frame, who), "merchant_id": None})
        assert "secret" not in said


# -- the end of a token is the end of being served


def _who(ends_at: int) -> Identity:
    return Identity("frontend", "merchant_id", frozenset({"12303"}), ends_at)


@pytest.mark.parametrize(
    ("ends_in", "shown"),
    [(60, "2026-11-23T09:31:00.000Z"), (3 * 3600, "2026-11-23T11:30:00.000Z")],
    ids=["the token's", "the connection's"],
)
def test_a_subscriber_is_told_the_earlier_end(ends_in: int, shown: str, handler: Handler) -> None:
    assert _reply(handler, subscribe(), _who(START + ends_in * 1000))["expires_at"] == shown


@pytest.mark.parametrize(
    ("ends_in", "row", "joined"),
    [(60, 60, 60), (300, 300, 300), (3600, 3600, 300), (7260, 7260, 300), (86_400, 7500, 300)],
)
def test_a_row_and_a_joined_line_end_with_the_token_at_the_latest(
    ends_in: int, row: int, joined: int, handler: Handler, tables: Tables
) -> None:
    _reply(handler, subscribe(), _who(START + ends_in * 1000))
    (subscription,) = tables.subscriptions()
    (line,) = tables.lines("joined")
    assert int(subscription["expires_at"]["N"]) == START // 1000 + row
    assert int(line["expires_at"]["N"]) == START // 1000 + joined


def test_nothing_is_delivered_once_the_token_has_ended(
    handler: Handler, clock: FakeClock, api: FakeApi
) -> None:
    _reply(handler, subscribe(), _who(END))
    clock.now = END - 1500
    assert _reply(handler, publish(id="1"), None)["accepted"] == 1
    for late in (0, 1, 999, 1000, 299_000):
        clock.now = END + late
        assert _reply(handler, publish(id=str(late + 2)), None)["accepted"] == 0
    assert len(api.received("page")) == 1


def test_a_new_token_serves_a_page_for_longer_and_a_shorter_one_for_less(
    handler: Handler, tables: Tables
) -> None:
    for ends_in in (60_000, 120_000, 30_000):
        _reply(handler, subscribe(), _who(START + ends_in))
        (row,) = tables.subscriptions()
        assert int(row["expires_at"]["N"]) == (START + ends_in) // 1000


def test_a_replay_that_meets_the_end_of_the_token_stops_there_and_is_forbidden(
    handler: Handler, clock: FakeClock, time: FakeTime, api: FakeApi
) -> None:
    for n in range(5):
        _reply(handler, publish(id=str(n)), None)

    def slow() -> int:
        clock.advance(seconds=0.4)
        time.advance(0.4)
        return 200

    api.script("page", slow)
    clock.now = END - 1000
    reply = _reply(handler, subscribe(), _who(END))
    assert (reply["code"], reply["field"]) == ("forbidden", "exp")
    assert [frame["id"] for frame in api.received("page")] == ["0", "1", "2"]


def test_a_subscribe_that_takes_until_after_the_end_of_the_token_is_forbidden(
    handler: Handler, clock: FakeClock, api: FakeApi, dynamo: TappedDynamo
) -> None:
    _reply(handler, publish(), None)

    def slow(call: Call) -> Any:
        clock.advance(seconds=1)
        return call()

    dynamo.detour("write", slow)
    clock.now = END - 1000
    reply = _reply(handler, subscribe(), _who(END))
    assert (reply["code"], reply["field"]) == ("forbidden", "exp")
    assert api.posts == []


def test_a_post_is_not_tried_again_once_the_token_has_ended(
    handler: Handler, clock: FakeClock, time: FakeTime, api: FakeApi
) -> None:
    def slow() -> int:
        clock.advance(seconds=1)
        time.advance(1)
        return 500

    _reply(handler, subscribe(), _who(END))
    clock.now = END - 500
    api.script("page", slow)
    assert _reply(handler, publish(), None)["failed"] == 1
    assert len(api.posts) == 1
