"""Forgetting a connection, and the calls of the legacy service."""

import json

import pytest

from lambdas.layer.items import Said
from lambdas.layer.protocol.errors import InvalidJson, InvalidMessage
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.storage import Storage
from tests.fakes import FakeClock, TappedDynamo
from tests.lambdas.examples import TOPIC, publish
from tests.lambdas.tables import Tables

HOUR = 3_600_000
OTHER = Topic("another", "12303")
LINE = Said("order 7", "{}", "2026-11-23T09:30:00.000Z")


def test_forgetting_a_connection_forgets_all_of_it_and_nothing_else(
    storage: Storage, tables: Tables, clock: FakeClock
) -> None:
    for topic in (TOPIC, OTHER, Topic("m", 1)):
        storage.subscribe("c1", topic, clock() + HOUR)
    storage.subscribe("c2", TOPIC, clock() + HOUR)
    storage.say(TOPIC, LINE)
    assert storage.forget_connection("c1") == 3
    assert [row["connection_id"]["S"] for row in tables.subscriptions()] == ["c2"]
    assert [line["line"]["S"] for line in tables.lines("joined")] == ["joined#c2"]
    assert storage.said(TOPIC) == [LINE]


def test_forgetting_a_connection_of_many_refs_reads_every_page(
    storage: Storage, dynamo: TappedDynamo, tables: Tables, clock: FakeClock
) -> None:
    for n in range(30):
        storage.subscribe("c1", Topic("m", n), clock() + HOUR)
    dynamo.detour(
        "query connection",
        lambda _call: tables.client.query(**dynamo.asked("query connection")[-1], Limit=7),
    )
    assert storage.forget_connection("c1") == 30
    assert tables.subscriptions() == []
    assert tables.lines() == []


def test_a_subscription_of_a_moment_ago_is_forgotten_too(
    storage: Storage, dynamo: TappedDynamo
) -> None:
    storage.forget_connection("c1")
    assert dynamo.asked("query connection")[0]["ConsistentRead"] is True


def test_forgetting_a_connection_takes_no_permission_to_write(
    storage: Storage, dynamo: TappedDynamo, clock: FakeClock
) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    dynamo.calls.clear()
    storage.forget_connection("c1")
    assert [step for step, _ in dynamo.calls] == ["query connection", "delete", "delete"]


def test_forgetting_who_was_never_there_is_no_error(storage: Storage) -> None:
    assert storage.forget_connection("nobody") == 0
    storage.unsubscribe(TOPIC, ["nobody"])
    storage.unsubscribe(TOPIC, [])


def test_the_legacy_call_creates_a_connection_for_two_hours(
    storage: Storage, tables: Tables, clock: FakeClock
) -> None:
    storage.create_connection("3", publish())
    (row,) = tables.subscriptions()
    assert row["connection_id"] == {"S": "3"}
    assert row["expires_at"] == {"N": str(clock() // 1000 + 7200 + 300)}


def test_the_legacy_call_deletes_every_connection_of_a_ref_and_no_other(
    storage: Storage, tables: Tables, clock: FakeClock
) -> None:
    for connection_id in ("1", "2"):
        storage.subscribe(connection_id, TOPIC, clock() + HOUR)
    storage.subscribe("1", OTHER, clock() + HOUR)
    storage.delete_connection(json.dumps({"merchant_id": "merchant_id", "ref": 12303}))
    assert [row["merchant_id#ref"]["S"] for row in tables.subscriptions()] == [OTHER.key]
    assert [line["merchant_id#ref"]["S"] for line in tables.lines()] == [OTHER.key]


@pytest.mark.parametrize("text", ["", "[]", '{"merchant_id":"a#b","ref":1}', '{"ref":1}'])
def test_the_legacy_calls_refuse_what_names_no_topic(
    text: str, storage: Storage, dynamo: TappedDynamo
) -> None:
    with pytest.raises((InvalidJson, InvalidMessage)):
        storage.create_connection("3", text)
    with pytest.raises((InvalidJson, InvalidMessage)):
        storage.delete_connection(text)
    assert dynamo.calls == []
