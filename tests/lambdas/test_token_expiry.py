"""The expiry of a token: for items, posts, replays and replies."""

from typing import Any, Final

import pytest

from lambdas.layer.auth.principal import Identity
from lambdas.layer.handler import Handler
from tests.kit.clock import FakeClock, FakeTime
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import Call, FakeDynamoDb, JournaledDynamoDb
from tests.kit.frames import publish, subscribe
from tests.lambdas.frames_sent import handle

START: Final = FakeClock().now
END: Final = START + 60_000


def _who(expires_at_ms: int) -> Identity:
    return Identity("frontend", "merchant_id", frozenset({"12303"}), expires_at_ms)


@pytest.mark.parametrize(
    ("expires_in", "shown"),
    [(60, "2026-11-23T09:31:00.000Z"), (3 * 3600, "2026-11-23T11:30:00.000Z")],
    ids=["the token's", "the connection's"],
)
def test_a_subscriber_is_told_the_earlier_expiry_of_token_and_connection(
    expires_in: int, shown: str, handler: Handler
) -> None:
    assert (
        handle(handler, "page", subscribe(), principal=_who(START + expires_in * 1000))[
            "expires_at"
        ]
        == shown
    )


@pytest.mark.parametrize(
    ("expires_in", "subscription", "recent"),
    [(60, 60, 60), (300, 300, 300), (3600, 3600, 300), (7260, 7260, 300), (86_400, 7500, 300)],
)
def test_both_items_of_a_subscription_expire_with_the_token_at_the_latest(
    expires_in: int, subscription: int, recent: int, handler: Handler, tables: FakeDynamoDb
) -> None:
    handle(handler, "page", subscribe(), principal=_who(START + expires_in * 1000))
    (item,) = tables.subscriptions()
    (entry,) = tables.entries("subscription")
    assert int(item["expires_at"]["N"]) == START // 1000 + subscription
    assert int(entry["expires_at"]["N"]) == START // 1000 + recent


def test_nothing_is_delivered_after_the_token_has_expired(
    handler: Handler, clock: FakeClock, api: FakeConnections
) -> None:
    handle(handler, "page", subscribe(), principal=_who(END))
    clock.now = END - 1500
    assert handle(handler, "page", publish(id="1"))["accepted"] == 1
    for late in (0, 1, 999, 1000, 299_000):
        clock.now = END + late
        assert handle(handler, "page", publish(id=str(late + 2)))["accepted"] == 0
    assert len(api.received("page")) == 1


def test_subscribing_again_sets_the_expiry_to_that_of_the_new_token(
    handler: Handler, tables: FakeDynamoDb
) -> None:
    for expires_in in (60_000, 120_000, 30_000):
        handle(handler, "page", subscribe(), principal=_who(START + expires_in))
        (row,) = tables.subscriptions()
        assert int(row["expires_at"]["N"]) == (START + expires_in) // 1000


def test_a_replay_stops_and_is_forbidden_when_the_token_expires_during_it(
    handler: Handler, clock: FakeClock, time: FakeTime, api: FakeConnections
) -> None:
    for n in range(5):
        handle(handler, "page", publish(id=str(n)))

    def slow() -> int:
        clock.advance(seconds=0.4)
        time.advance(0.4)
        return 200

    api.script("page", slow)
    clock.now = END - 1000
    reply = handle(handler, "page", subscribe(), principal=_who(END))
    assert (reply["code"], reply["field"]) == ("forbidden", "exp")
    assert [frame["id"] for frame in api.received("page")] == ["0", "1", "2"]


def test_a_subscribe_is_forbidden_when_the_token_expires_during_it(
    handler: Handler, clock: FakeClock, api: FakeConnections, dynamo: JournaledDynamoDb
) -> None:
    handle(handler, "page", publish())

    def slow(call: Call) -> Any:
        clock.advance(seconds=1)
        return call()

    dynamo.detour("write", slow)
    clock.now = END - 1000
    reply = handle(handler, "page", subscribe(), principal=_who(END))
    assert (reply["code"], reply["field"]) == ("forbidden", "exp")
    assert api.posts == []


def test_a_post_is_not_retried_after_the_token_has_expired(
    handler: Handler, clock: FakeClock, time: FakeTime, api: FakeConnections
) -> None:
    def slow() -> int:
        clock.advance(seconds=1)
        time.advance(1)
        return 500

    handle(handler, "page", subscribe(), principal=_who(END))
    clock.now = END - 500
    api.script("page", slow)
    assert handle(handler, "page", publish())["failed"] == 1
    assert len(api.posts) == 1
