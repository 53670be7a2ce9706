"""Deleting the subscriptions of a connection."""

from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.storage import Storage
from tests.kit.clock import FakeClock
from tests.kit.dynamodb import FakeDynamoDb, JournaledDynamoDb
from tests.kit.frames import TOPIC

HOUR = 3_600_000
OTHER = Topic("another", "12303")
STORED = StoredNotification("order 7", "{}", "2026-11-23T09:30:00.000Z")


def test_all_subscriptions_of_a_connection_are_deleted_and_nothing_else(
    storage: Storage, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    for topic in (TOPIC, OTHER, Topic("m", 1)):
        storage.subscribe("c1", topic, clock() + HOUR)
    storage.subscribe("c2", TOPIC, clock() + HOUR)
    storage.put_notification(TOPIC, STORED)
    assert storage.delete_subscriptions("c1") == 3
    assert [row["connection_id"]["S"] for row in tables.subscriptions()] == ["c2"]
    assert [entry["entry"]["S"] for entry in tables.entries("subscription")] == ["subscription#c2"]
    assert storage.notifications(TOPIC) == [STORED]


def test_every_page_of_subscriptions_is_read(
    storage: Storage, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    for n in range(30):
        storage.subscribe("c1", Topic("m", n), clock() + HOUR)
    tables.page_items = 7
    assert storage.delete_subscriptions("c1") == 30
    assert tables.subscriptions() == []
    assert tables.entries() == []


def test_subscriptions_are_read_consistently_so_that_new_ones_are_deleted_too(
    storage: Storage, dynamo: JournaledDynamoDb
) -> None:
    storage.delete_subscriptions("c1")
    assert dynamo.asked("query connection")[0]["ConsistentRead"] is True


def test_items_are_deleted_one_by_one_without_permission_to_put(
    storage: Storage, dynamo: JournaledDynamoDb, clock: FakeClock
) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    dynamo.calls.clear()
    storage.delete_subscriptions("c1")
    assert [step for step, _ in dynamo.calls] == ["query connection", "delete", "delete"]


def test_deleting_a_missing_subscription_is_not_an_error(storage: Storage) -> None:
    assert storage.delete_subscriptions("nobody") == 0
    storage.unsubscribe(TOPIC, ["nobody"])
    storage.unsubscribe(TOPIC, [])
