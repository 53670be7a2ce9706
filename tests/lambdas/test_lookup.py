"""The lookup of subscribers in two steps: the index during the put, recent ones after it."""

from typing import Any

import pytest

from lambdas.layer.storage import Storage
from tests.kit.clock import FakeClock
from tests.kit.dynamodb import Call, Journal, JournaledDynamoDb
from tests.kit.frames import TOPIC

HOUR = 3_600_000


def _batches(storage: Storage) -> list[dict[str, int]]:
    with storage.begin_lookup(TOPIC) as lookup:
        return list(lookup.batches())


def _takes(dynamo: JournaledDynamoDb, clock: FakeClock, step: str, seconds: float) -> None:
    def slow(call: Call) -> Any:
        answer = call()
        clock.advance(seconds=seconds)
        return answer

    dynamo.detour(step, slow)


def test_recent_subscriptions_are_read_when_the_second_batch_is_requested(
    storage: Storage, journal: Journal
) -> None:
    with storage.begin_lookup(TOPIC) as lookup:
        batches = lookup.batches()
        assert next(batches) == {}
        assert journal == ["query index"]
        assert next(batches) == {}
        assert journal == ["query index", "query recent"]


def test_a_subscriber_in_both_index_and_ledger_is_found_once_with_the_expiry_of_the_index(
    storage: Storage, dynamo: JournaledDynamoDb, clock: FakeClock
) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    row, recent = clock() + HOUR + 300_000, clock() + 300_000
    assert _batches(storage) == [{"c1": row}, {}]
    dynamo.lag()
    assert _batches(storage) == [{}, {"c1": recent}]


def test_a_subscriber_expired_in_the_index_is_found_by_its_recent_subscription(
    storage: Storage, dynamo: JournaledDynamoDb, clock: FakeClock
) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    old = {"connection_id": {"S": "c1"}, "expires_at": {"N": str(clock() // 1000)}}
    dynamo.detour("query index", lambda _call: {"Items": [old]})
    assert _batches(storage) == [{}, {"c1": clock() + 300_000}]


@pytest.mark.parametrize("step", ["query index", "query recent"])
def test_a_subscriber_that_expires_during_a_query_is_left_out(
    step: str, storage: Storage, dynamo: JournaledDynamoDb, clock: FakeClock
) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR, clock() + 1000)
    if step == "query recent":
        dynamo.lag()
    _takes(dynamo, clock, step, 1)
    assert _batches(storage) == [{}, {}]


@pytest.mark.parametrize("seconds", [30, 30.001])
@pytest.mark.parametrize("step", ["query index", "query recent"])
def test_the_index_is_queried_again_after_more_than_thirty_seconds(
    step: str, seconds: float, storage: Storage, dynamo: JournaledDynamoDb, clock: FakeClock
) -> None:
    _takes(dynamo, clock, step, seconds)
    _batches(storage)
    assert len(dynamo.asked("query index")) == (2 if seconds > 30 else 1)


def test_a_subscriber_missed_by_both_queries_during_a_suspension_is_found_by_the_second_index_query(
    storage: Storage, dynamo: JournaledDynamoDb, clock: FakeClock
) -> None:
    for connection_id in ("c1", "c2"):
        storage.subscribe(connection_id, TOPIC, clock() + HOUR)
    row = clock() + HOUR + 300_000
    found = {"connection_id": {"S": "c1"}, "expires_at": {"N": str(row // 1000)}}

    def lags_once(call: Call) -> Any:
        return call() if len(dynamo.asked("query index")) > 1 else {"Items": [found]}

    dynamo.detour("query index", lags_once)
    _takes(dynamo, clock, "query recent", 301)
    assert _batches(storage) == [{"c1": row}, {}, {"c2": row}]
