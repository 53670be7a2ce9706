"""The replay: notifications that a subscriber gets from before its subscribe."""

from typing import Any

import pytest

from lambdas.layer.handler import Handler
from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.clock import to_rfc3339
from lambdas.layer.storage import Storage
from tests.kit.clock import FakeClock
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import RETENTION, FakeDynamoDb, JournaledDynamoDb
from tests.kit.frames import NOTIFICATION, NOW, TOPIC, subscribe
from tests.lambdas.frames_sent import (
    handle,
    publish_notification,
    subscribe_connections,
    subscribed_connections,
)


def test_a_late_subscriber_gets_stored_notifications_as_ordinary_frames(
    handler: Handler, api: FakeConnections
) -> None:
    publish_notification(handler)
    assert handle(handler, "c1", subscribe())["replayed"] == 1
    assert api.received("c1") == [NOTIFICATION]


def test_a_replay_is_in_the_order_of_sent_at(
    handler: Handler, api: FakeConnections, clock: FakeClock
) -> None:
    for id_ in ("z", "m", "a"):
        publish_notification(handler, id=id_)
        clock.advance(seconds=0.001)
    subscribe_connections(handler, "c1")
    assert [frame["id"] for frame in api.received("c1")] == ["z", "m", "a"]


def test_of_130_the_newest_100_are_replayed_the_oldest_first(
    handler: Handler, storage: Storage, api: FakeConnections, clock: FakeClock
) -> None:
    for n in range(130):
        storage.put_notification(
            TOPIC, StoredNotification(f"{n * 7919 % 130}", f'{{"n":{n}}}', to_rfc3339(clock() + n))
        )
    assert handle(handler, "c1", subscribe())["replayed"] == 100
    assert [frame["n"] for frame in api.received("c1")] == list(range(30, 130))


def test_a_notification_is_replayed_within_the_retention_and_not_after_it(
    handler: Handler, clock: FakeClock, tables: FakeDynamoDb
) -> None:
    publish_notification(handler)
    clock.advance(seconds=RETENTION - 1)
    assert handle(handler, "c1", subscribe())["replayed"] == 1
    clock.advance(seconds=1)
    assert handle(handler, "c1", subscribe())["replayed"] == 0
    assert len(tables.entries("notification")) == 1  # still there: DynamoDB deletes late


def test_since_limits_the_replay_with_ten_seconds_of_overlap(
    handler: Handler, api: FakeConnections, clock: FakeClock
) -> None:
    for n in range(40):
        publish_notification(handler, id=str(n), n=n)
        clock.advance(seconds=1)
    reply = handle(handler, "c1", subscribe(since="2026-11-23T09:30:30.000Z"))
    assert [frame["n"] for frame in api.received("c1")] == list(range(21, 40))
    assert reply["replayed"] == 19


def test_the_now_of_a_subscribe_serves_as_its_next_since(
    handler: Handler, api: FakeConnections, clock: FakeClock
) -> None:
    publish_notification(handler, id="long ago")
    clock.advance(seconds=60)
    now = handle(handler, "c1", subscribe())["now"]
    clock.advance(seconds=5)
    publish_notification(handler, id="missed", type="while away")
    api.posts.clear()
    assert handle(handler, "c2", subscribe(since=now))["replayed"] == 1
    assert [frame["id"] for frame in api.received("c2")] == ["missed"]


def test_now_is_taken_before_the_subscribe_writes_or_reads(
    handler: Handler, clock: FakeClock, dynamo: JournaledDynamoDb
) -> None:
    def slow(call: Any) -> Any:
        clock.advance(seconds=2)
        return call()

    dynamo.detour("write", slow)
    dynamo.detour("query notifications", slow)
    assert handle(handler, "c1", subscribe())["now"] == NOW


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:05Z"])
def test_an_old_since_replays_everything(since: str, handler: Handler) -> None:
    publish_notification(handler)
    assert handle(handler, "c1", subscribe(since=since))["replayed"] == 1


def test_a_since_of_the_far_future_replays_nothing(handler: Handler) -> None:
    publish_notification(handler)
    reply = handle(handler, "c1", subscribe(since="9999-12-31T23:59:59.999999Z"))
    assert reply["replayed"] == 0


def test_every_page_of_every_query_is_read(
    handler: Handler, api: FakeConnections, tables: FakeDynamoDb, dynamo: JournaledDynamoDb
) -> None:
    subscribe_connections(handler, "c1", "c2", "c3")
    for id_ in ("1", "2", "3"):
        publish_notification(handler, id=id_)

    tables.page_items = 1
    api.posts.clear()
    assert publish_notification(handler, id="4")["accepted"] == 3
    assert handle(handler, "c4", subscribe())["replayed"] == 4
    assert all(len(dynamo.asked(step)) > 3 for step in ("query index", "query recent"))
    dynamo.lag()
    assert publish_notification(handler, id="5")["accepted"] == 4


def test_a_replay_to_a_gone_connection_deletes_its_subscription_and_has_no_reply(
    handler: Handler, api: FakeConnections, tables: FakeDynamoDb
) -> None:
    publish_notification(handler, id="1")
    publish_notification(handler, id="2")
    api.script("c1", 410)
    assert handler.handle("c1", subscribe()) is None
    assert len(api.posts) == 2
    assert tables.subscriptions() == []
    assert tables.entries("subscription") == []


def test_a_replay_that_fails_is_an_internal_error_and_keeps_the_subscription(
    handler: Handler, api: FakeConnections, tables: FakeDynamoDb, caplog: pytest.LogCaptureFixture
) -> None:
    for id_ in ("1", "2", "3"):
        publish_notification(handler, id=id_)
    api.script("c1", 200, 403, 200)
    reply = handle(handler, "c1", subscribe())
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "403" in str(record.exc_info[1])
    assert (reply["code"], reply["retryable"]) == ("internal_error", True)
    assert len(api.posts) == 2
    assert subscribed_connections(tables) == {"c1"}
    # Sent again, as the error says, it gets everything.
    assert handle(handler, "c1", subscribe())["replayed"] == 3
