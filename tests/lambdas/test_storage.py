"""The items that Storage writes to the two tables, and what it finds in them."""

import pytest

from lambdas.layer.aws.boto3_clients import Boto3DynamoDb
from lambdas.layer.aws.errors import ServiceError
from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.clock import to_rfc3339
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from lambdas.layer.storage import Storage
from tests.kit.clock import FakeClock
from tests.kit.dynamodb import CONNECTIONS, LEDGER, RETENTION, FakeDynamoDb, JournaledDynamoDb
from tests.kit.frames import NEVER, TOPIC

HOUR = 3_600_000
OTHER = Topic("another", "12303")
STORED = StoredNotification("order 7", '{"n":1e-7}', "2026-11-23T09:30:00.000Z")


def _seconds(clock: FakeClock, later: int) -> dict[str, str]:
    return {"N": str(clock() // 1000 + later)}


def test_a_subscribe_writes_an_item_to_each_table(
    storage: Storage, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    assert tables.subscriptions() == [
        {
            "connection_id": {"S": "c1"},
            "merchant_id#ref": {"S": "merchant_id#12303"},
            "expires_at": _seconds(clock, 3600 + 300),
        }
    ]
    assert tables.entries() == [
        {
            "merchant_id#ref": {"S": "merchant_id#12303"},
            "entry": {"S": "subscription#c1"},
            "expires_at": _seconds(clock, 300),
        }
    ]


def test_a_subscribe_is_one_call(
    storage: Storage, dynamo: JournaledDynamoDb, clock: FakeClock
) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    assert [step for step, _ in dynamo.calls] == ["write"]


def test_a_notification_is_stored_as_text_with_its_sent_at_and_expiry(
    storage: Storage, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    assert storage.put_notification(TOPIC, STORED) is None
    (item,) = tables.entries()
    del item["write"]
    assert item == {
        "merchant_id#ref": {"S": "merchant_id#12303"},
        "entry": {"S": "notification#order 7"},
        "notification": {"S": '{"n":1e-7}'},
        "sent_at": {"S": "2026-11-23T09:30:00.000Z"},
        "expires_at": _seconds(clock, RETENTION),
    }
    assert storage.notifications(TOPIC) == [STORED]


def test_an_expiry_is_rounded_up_to_whole_seconds(
    storage: Storage, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    clock.advance(seconds=0.001)
    storage.put_notification(TOPIC, STORED)
    assert tables.entries()[0]["expires_at"] == _seconds(clock, RETENTION + 1)


def test_putting_a_taken_id_returns_the_stored_notification_and_keeps_it(
    storage: Storage, dynamo: JournaledDynamoDb
) -> None:
    storage.put_notification(TOPIC, STORED)
    assert storage.put_notification(TOPIC, StoredNotification("order 7", "{}", "later")) == STORED
    assert storage.notifications(TOPIC) == [STORED]
    assert [step for step, _ in dynamo.calls] == [
        "put notification",
        "put notification",
        "query notifications",
    ]


def test_the_same_id_may_be_put_to_another_topic(storage: Storage) -> None:
    storage.put_notification(TOPIC, STORED)
    assert storage.put_notification(OTHER, STORED) is None


def test_only_notifications_sent_after_a_time_are_returned(
    storage: Storage, clock: FakeClock
) -> None:
    stored = [StoredNotification(str(n), "{}", to_rfc3339(clock() + n)) for n in range(3)]
    for notification in stored:
        storage.put_notification(TOPIC, notification)
    assert storage.notifications(TOPIC, clock() - 1) == stored
    assert storage.notifications(TOPIC, clock()) == stored[1:]
    assert storage.notifications(TOPIC, clock() + 2) == []


def test_notifications_of_the_same_millisecond_are_ordered_by_id(storage: Storage) -> None:
    stored = [StoredNotification(id_, "{}", STORED.sent_at) for id_ in ("a", "b", "c")]
    for notification in reversed(stored):
        storage.put_notification(TOPIC, notification)
    assert storage.notifications(TOPIC) == stored


def test_ids_that_look_like_prefixes_do_not_mix_up_subscriptions_and_notifications(
    storage: Storage, clock: FakeClock
) -> None:
    storage.subscribe("notification#c1", TOPIC, clock() + HOUR)
    storage.put_notification(TOPIC, StoredNotification("subscription#x", "{}", STORED.sent_at))
    assert storage.subscribers(TOPIC).keys() == {"notification#c1"}
    assert [notification.id for notification in storage.notifications(TOPIC)] == ["subscription#x"]


@pytest.mark.parametrize(
    ("topic", "twin"),
    [
        (Topic("shop", "a"), Topic("shop", "A")),
        (Topic("shop", "1"), Topic("Shop", "1")),
        (Topic("shop", "1"), Topic("shop1", "1")),
        (Topic("shop1", "2"), Topic("shop", "12")),
        (Topic("shop", "x"), Topic("shop", "x ")),
        (Topic("shop", "x"), Topic("shop", " x")),
        (Topic("shop", "7"), Topic("shop", "07")),
        (Topic("shop", "y" * 511 + "1"), Topic("shop", "y" * 511 + "2")),
        (Topic("shop", "\N{LATIN SMALL LETTER E WITH ACUTE}"), Topic("shop", "e\u0301")),
    ],
)
def test_nearly_equal_topics_are_distinct(
    topic: Topic, twin: Topic, storage: Storage, clock: FakeClock
) -> None:
    storage.subscribe("c1", topic, clock() + HOUR)
    storage.put_notification(topic, STORED)
    assert storage.subscribers(twin) == {}
    assert storage.notifications(twin) == []
    storage.unsubscribe(twin, ["c1"])
    assert storage.subscribers(topic).keys() == {"c1"}


def test_reading_goes_on_after_a_page_without_a_match(
    storage: Storage, dynamo: JournaledDynamoDb, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    stored = [StoredNotification(str(n), "{}", to_rfc3339(clock() + n)) for n in range(6)]
    for notification in stored:
        storage.put_notification(TOPIC, notification)
    tables.page_items = 2
    assert storage.notifications(TOPIC, clock() + 3) == stored[4:]
    assert len(dynamo.asked("query notifications")) > 2


def test_subscribers_are_those_of_the_topic_only(storage: Storage, clock: FakeClock) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    storage.subscribe("c2", OTHER, clock() + HOUR)
    assert storage.subscribers(TOPIC).keys() == {"c1"}
    assert storage.subscribers(Topic("nobody", 1)) == {}


def test_a_subscriber_without_a_recent_subscription_is_found_through_the_index(
    storage: Storage, clock: FakeClock, tables: FakeDynamoDb
) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    tables.write(LEDGER, (TOPIC.key, "subscription#c1"), None)
    assert storage.subscribers(TOPIC).keys() == {"c1"}


@pytest.mark.parametrize("step", ["query index", "query recent"])
def test_a_lookup_fails_when_either_query_fails(
    step: str, storage: Storage, dynamo: JournaledDynamoDb
) -> None:
    failure = ServiceError("Query", "InternalServerError", "", {})
    dynamo.fail(step, failure)
    with pytest.raises(ServiceError) as raised:
        storage.subscribers(TOPIC)
    assert raised.value is failure


@pytest.fixture
def environment(tables: FakeDynamoDb, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("CONNECTIONS_TABLE", CONNECTIONS)
    monkeypatch.setenv("LEDGER_TABLE", LEDGER)
    monkeypatch.setenv("RETENTION_SECONDS", "60")
    monkeypatch.setattr(Boto3DynamoDb, "from_session", lambda: tables)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_the_environment_names_the_tables_and_the_retention(tables: FakeDynamoDb) -> None:
    storage = Storage.from_env()
    storage.subscribe("3", TOPIC, NEVER)
    storage.put_notification(TOPIC, STORED)
    assert storage.subscribers(TOPIC).keys() == {"3"}
    assert len(tables.subscriptions()) == 1
    assert len(tables.entries("notification")) == 1


@pytest.mark.parametrize("name", ["CONNECTIONS_TABLE", "LEDGER_TABLE", "RETENTION_SECONDS"])
def test_a_missing_variable_is_named(name: str, environment: pytest.MonkeyPatch) -> None:
    environment.delenv(name)
    with pytest.raises(MissingSettingError, match=name):
        Storage.from_env()


def test_an_invalid_retention_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RETENTION_SECONDS", "an hour")
    with pytest.raises(InvalidSettingError, match="RETENTION_SECONDS"):
        Storage.from_env()


def test_a_subscription_expires_exactly_when_its_token_does(
    storage: Storage, clock: FakeClock
) -> None:
    end = clock() + 60_000
    clock.advance(seconds=0.5)
    storage.subscribe("c1", TOPIC, clock() + HOUR, end)
    clock.advance(seconds=59.499)
    assert storage.subscribers(TOPIC).keys() == {"c1"}
    clock.advance(seconds=0.001)
    assert storage.subscribers(TOPIC) == {}


def test_a_notification_put_between_two_seconds_is_kept_for_the_whole_retention(
    storage: Storage, clock: FakeClock
) -> None:
    clock.advance(seconds=0.5)
    notification = StoredNotification("order 7", "{}", to_rfc3339(clock()))
    assert storage.put_notification(TOPIC, notification) is None
    clock.advance(seconds=RETENTION - 0.001)
    assert storage.notifications(TOPIC) == [notification]
    assert storage.put_notification(TOPIC, notification) == notification
