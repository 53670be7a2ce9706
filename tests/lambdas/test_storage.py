"""The items that Storage writes to the two tables, and what it finds in them."""

import pytest

from lambdas.layer.aws.boto3_clients import Boto3DynamoDb
from lambdas.layer.aws.errors import ServiceError
from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.clock import to_rfc3339
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from lambdas.layer.storage import Storage
from tests.fakes import FakeClock, TappedDynamo
from tests.lambdas.examples import NEVER, TOPIC
from tests.lambdas.tables import RETENTION, Tables

HOUR = 3_600_000
OTHER = Topic("another", "12303")
STORED = StoredNotification("order 7", '{"n":1e-7}', "2026-11-23T09:30:00.000Z")


def _seconds(clock: FakeClock, later: int) -> dict[str, str]:
    return {"N": str(clock() // 1000 + later)}


def test_a_subscription_and_its_line_stand_in_both_tables(
    storage: Storage, tables: Tables, clock: FakeClock
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


def test_a_subscribe_is_one_call(storage: Storage, dynamo: TappedDynamo, clock: FakeClock) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    assert [step for step, _ in dynamo.calls] == ["write"]


def test_what_is_said_is_kept_as_text_with_its_time(
    storage: Storage, tables: Tables, clock: FakeClock
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
    storage: Storage, tables: Tables, clock: FakeClock
) -> None:
    clock.advance(seconds=0.001)
    storage.put_notification(TOPIC, STORED)
    assert tables.entries()[0]["expires_at"] == _seconds(clock, RETENTION + 1)


def test_an_id_that_is_taken_returns_what_was_said_under_it(
    storage: Storage, dynamo: TappedDynamo
) -> None:
    storage.put_notification(TOPIC, STORED)
    assert storage.put_notification(TOPIC, StoredNotification("order 7", "{}", "later")) == STORED
    assert storage.notifications(TOPIC) == [STORED]
    assert [step for step, _ in dynamo.calls] == [
        "put notification",
        "put notification",
        "query notifications",
    ]


def test_an_id_of_another_topic_is_free(storage: Storage) -> None:
    storage.put_notification(TOPIC, STORED)
    assert storage.put_notification(OTHER, STORED) is None


def test_only_what_was_sent_after_a_time_is_returned(storage: Storage, clock: FakeClock) -> None:
    stored = [StoredNotification(str(n), "{}", to_rfc3339(clock() + n)) for n in range(3)]
    for notification in stored:
        storage.put_notification(TOPIC, notification)
    assert storage.notifications(TOPIC, clock() - 1) == stored
    assert storage.notifications(TOPIC, clock()) == stored[1:]
    assert storage.notifications(TOPIC, clock() + 2) == []


def test_of_the_same_moment_lines_are_in_the_order_of_their_ids(storage: Storage) -> None:
    stored = [StoredNotification(id_, "{}", STORED.sent_at) for id_ in ("a", "b", "c")]
    for notification in reversed(stored):
        storage.put_notification(TOPIC, notification)
    assert storage.notifications(TOPIC) == stored


def test_who_joined_is_not_mistaken_for_what_was_said_and_the_other_way_round(
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
def test_topics_that_are_nearly_the_same_are_two(
    topic: Topic, twin: Topic, storage: Storage, clock: FakeClock
) -> None:
    storage.subscribe("c1", topic, clock() + HOUR)
    storage.put_notification(topic, STORED)
    assert storage.subscribers(twin) == {}
    assert storage.notifications(twin) == []
    storage.unsubscribe(twin, ["c1"])
    assert storage.subscribers(topic).keys() == {"c1"}


def test_a_page_of_which_nothing_counts_is_not_the_last(
    storage: Storage, dynamo: TappedDynamo, tables: Tables, clock: FakeClock
) -> None:
    stored = [StoredNotification(str(n), "{}", to_rfc3339(clock() + n)) for n in range(6)]
    for notification in stored:
        storage.put_notification(TOPIC, notification)
    dynamo.detour(
        "query notifications",
        lambda _call: tables.client.query(**dynamo.asked("query notifications")[-1], Limit=2),
    )
    assert storage.notifications(TOPIC, clock() + 3) == stored[4:]
    assert len(dynamo.asked("query notifications")) > 2


def test_listeners_are_those_of_the_topic(storage: Storage, clock: FakeClock) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    storage.subscribe("c2", OTHER, clock() + HOUR)
    assert storage.subscribers(TOPIC).keys() == {"c1"}
    assert storage.subscribers(Topic("nobody", 1)) == {}


def test_a_fan_out_reads_only_what_the_index_holds(
    storage: Storage, clock: FakeClock, tables: Tables
) -> None:
    storage.subscribe("c1", TOPIC, clock() + HOUR)
    tables.client.delete_item(
        TableName=tables.ledger,
        Key={"merchant_id#ref": {"S": TOPIC.key}, "entry": {"S": "subscription#c1"}},
    )
    assert storage.subscribers(TOPIC).keys() == {"c1"}


@pytest.mark.parametrize("step", ["query index", "query recent"])
def test_who_listens_is_an_error_where_one_of_the_two_answers_is_missing(
    step: str, storage: Storage, dynamo: TappedDynamo
) -> None:
    failure = ServiceError("Query", "InternalServerError", "", {})
    dynamo.fail(step, failure)
    with pytest.raises(ServiceError) as raised:
        storage.subscribers(TOPIC)
    assert raised.value is failure


@pytest.fixture
def environment(
    tables: Tables, moto_client: Boto3DynamoDb, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    monkeypatch.setenv("CONNECTIONS_TABLE", tables.connections)
    monkeypatch.setenv("LEDGER_TABLE", tables.ledger)
    monkeypatch.setenv("RETENTION_SECONDS", "60")
    monkeypatch.setattr(Boto3DynamoDb, "from_session", lambda: moto_client)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_the_environment_names_the_tables_and_the_retention(tables: Tables) -> None:
    storage = Storage.from_env()
    storage.subscribe("3", TOPIC, NEVER)
    storage.put_notification(TOPIC, STORED)
    assert storage.subscribers(TOPIC).keys() == {"3"}
    assert len(tables.subscriptions()) == 1
    assert len(tables.entries("notification")) == 1


@pytest.mark.parametrize("name", ["CONNECTIONS_TABLE", "LEDGER_TABLE", "RETENTION_SECONDS"])
def test_what_the_environment_lacks_is_named(name: str, environment: pytest.MonkeyPatch) -> None:
    environment.delenv(name)
    with pytest.raises(MissingSettingError, match=name):
        Storage.from_env()


def test_a_retention_that_is_no_time_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RETENTION_SECONDS", "an hour")
    with pytest.raises(InvalidSettingError, match="RETENTION_SECONDS"):
        Storage.from_env()


def test_a_subscription_with_a_token_is_served_until_the_very_end_of_the_token(
    storage: Storage, clock: FakeClock
) -> None:
    end = clock() + 60_000
    clock.advance(seconds=0.5)
    storage.subscribe("c1", TOPIC, clock() + HOUR, end)
    clock.advance(seconds=59.499)
    assert storage.subscribers(TOPIC).keys() == {"c1"}
    clock.advance(seconds=0.001)
    assert storage.subscribers(TOPIC) == {}


def test_what_was_said_is_kept_for_no_less_than_the_retention(
    storage: Storage, clock: FakeClock
) -> None:
    clock.advance(seconds=0.5)
    notification = StoredNotification("order 7", "{}", to_rfc3339(clock()))
    assert storage.put_notification(TOPIC, notification) is None
    clock.advance(seconds=RETENTION - 0.001)
    assert storage.notifications(TOPIC) == [notification]
    assert storage.put_notification(TOPIC, notification) == notification
