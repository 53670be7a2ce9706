"""The order of steps and the lookup: of a publish and a subscribe that race, one sees the other."""

import threading
from typing import Any

import pytest

from lambdas.layer.handler import Handler
from lambdas.layer.protocol.clock import from_rfc3339
from tests.kit.clock import FakeClock
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import LEDGER, Call, FakeDynamoDb, Journal, JournaledDynamoDb
from tests.kit.frames import NOTIFICATION, publish, subscribe
from tests.lambdas.frames_sent import handle, publish_notification, subscribe_connections


def test_a_publish_queries_the_index_during_its_put_and_the_recent_subscriptions_after_it(
    handler: Handler, dynamo: JournaledDynamoDb, journal: Journal
) -> None:
    subscribe_connections(handler, "c1")
    journal.clear()
    together = threading.Barrier(2)
    for step in ("put notification", "query index"):

        def meeting(call: Call) -> object:
            together.wait(10)
            return call()

        dynamo.detour(step, meeting)
    publish_notification(handler)
    assert sorted(journal[:2]) == ["put notification", "query index"]
    assert sorted(journal[2:]) == ["post c1", "query recent"]


def test_no_post_begins_before_the_put_has_returned_even_when_the_index_has(
    handler: Handler, dynamo: JournaledDynamoDb, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    index_answered = threading.Event()

    def index(call: Call) -> object:
        try:
            return call()
        finally:
            index_answered.set()

    def put(call: Call) -> object:
        assert index_answered.wait(10)
        assert api.posts == []
        return call()

    dynamo.detour("query index", index)
    dynamo.detour("put notification", put)
    assert publish_notification(handler)["accepted"] == 1


def test_subscribers_from_the_index_are_posted_to_while_recent_subscriptions_are_read(
    handler: Handler, dynamo: JournaledDynamoDb, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    posted = threading.Event()

    def taken() -> int:
        posted.set()
        return 200

    def recent(call: Call) -> object:
        assert posted.wait(10)
        return call()

    api.script("c1", taken)
    dynamo.detour("query recent", recent)
    assert publish_notification(handler)["accepted"] == 1


@pytest.mark.parametrize("put", ["failed", "refused"])
@pytest.mark.parametrize("index", ["answered", "failed"])
def test_a_failed_or_rejected_put_posts_nothing_and_waits_for_the_index_query(
    put: str, index: str, handler: Handler, dynamo: JournaledDynamoDb, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    publish_notification(handler, id="order 7")
    api.posts.clear()
    put_is_over, ended = threading.Event(), []

    def slow_index(call: Call) -> Any:
        assert put_is_over.wait(10)
        ended.append(index)
        if index == "failed":
            raise RuntimeError("throttled")
        return call()

    def over(call: Call) -> Any:
        try:
            if put == "failed":
                raise RuntimeError("throttled")
            return call()
        finally:
            put_is_over.set()

    dynamo.detour("query index", slow_index)
    dynamo.detour("put notification", over)
    reply = handle(handler, "backend", publish(id="order 7", message="another"))
    code = {"failed": "internal_error", "refused": "invalid_message"}[put]
    assert (reply["code"], ended, api.posts) == (code, [index], [])


def test_a_put_of_more_than_five_seconds_fails_the_publish_and_its_retry_delivers(
    handler: Handler, clock: FakeClock, dynamo: JournaledDynamoDb, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")

    def slow(seconds: float) -> None:
        def put(call: Call) -> Any:
            clock.advance(seconds=seconds)
            return call()

        dynamo.detour("put notification", put)

    slow(5)
    assert publish_notification(handler, id="1")["accepted"] == 1
    slow(5.001)
    late = handle(handler, "backend", publish(id="2"))
    assert (late["code"], late["retryable"]) == ("internal_error", True)
    assert [frame["id"] for frame in api.received("c1")] == ["1"]
    retry = publish_notification(handler, id="2")
    assert (retry["duplicate"], retry["accepted"]) == (True, 1)


def test_sent_at_is_taken_after_credentials_are_resolved(
    handler: Handler, clock: FakeClock, dynamo: JournaledDynamoDb
) -> None:
    """A role's may take seconds: the put would be as late, and a `since` might leave it out."""
    dynamo.before_credentials = lambda: clock.advance(seconds=60)
    before = clock()
    assert from_rfc3339(publish_notification(handler)["sent_at"]) == before + 60_000


def test_a_subscribe_writes_before_it_reads_the_notifications(
    handler: Handler, journal: Journal
) -> None:
    publish_notification(handler)
    journal.clear()
    subscribe_connections(handler, "c1")
    assert journal == ["write", "query notifications", "post c1"]


def test_publisher_and_subscriber_read_the_ledger_consistently_in_one_partition(
    handler: Handler, dynamo: JournaledDynamoDb, tables: FakeDynamoDb
) -> None:
    subscribe_connections(handler, "c1")
    publish_notification(handler)
    for step in ("query notifications", "query recent"):
        (query,) = dynamo.asked(step)
        assert query["ConsistentRead"] is True, step
        assert query["TableName"] == LEDGER
        assert "IndexName" not in query
    # An index refuses a consistent read.
    assert "ConsistentRead" not in dynamo.asked("query index")[0]
    assert {entry["merchant_id#ref"]["S"] for entry in tables.entries()} == {"merchant_id#12303"}


def test_a_recent_subscriber_is_found_while_the_index_lags(
    handler: Handler, api: FakeConnections, dynamo: JournaledDynamoDb
) -> None:
    dynamo.lag()
    subscribe_connections(handler, "c1", "c2")
    assert publish_notification(handler)["accepted"] == 2
    assert api.received("c1") == [NOTIFICATION]


def test_a_recent_subscription_is_found_for_five_minutes(
    handler: Handler, clock: FakeClock, dynamo: JournaledDynamoDb
) -> None:
    dynamo.lag()
    subscribe_connections(handler, "c1")
    clock.advance(seconds=299)
    assert publish_notification(handler, id="1")["accepted"] == 1
    clock.advance(seconds=1)
    assert publish_notification(handler, id="2")["accepted"] == 0


def test_an_older_subscriber_is_found_through_the_index(
    handler: Handler, clock: FakeClock, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    clock.advance(seconds=3600)
    assert publish_notification(handler)["accepted"] == 1
    assert len(api.received("c1")) == 1


def test_a_subscriber_in_both_index_and_ledger_is_posted_to_once(
    handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    publish_notification(handler)
    assert len(api.posts) == 1


def test_an_expired_subscription_is_not_posted_to(
    handler: Handler, clock: FakeClock, api: FakeConnections, tables: FakeDynamoDb
) -> None:
    subscribe_connections(handler, "c1")
    clock.advance(seconds=2 * 3600 + 300)
    assert publish_notification(handler)["accepted"] == 0
    assert api.posts == []
    assert len(tables.subscriptions()) == 1  # still there: DynamoDB deletes late


def test_a_recent_subscription_expires_with_its_connection_if_that_is_sooner(
    handler: Handler, clock: FakeClock, dynamo: JournaledDynamoDb
) -> None:
    dynamo.lag()
    almost_over = clock() - (2 * 3600 + 240) * 1000
    assert handle(handler, "c1", subscribe(), connected_at=almost_over)["type"] == "subscribed"
    clock.advance(seconds=59)
    assert publish_notification(handler, id="1")["accepted"] == 1
    clock.advance(seconds=1)
    assert publish_notification(handler, id="2")["accepted"] == 0
