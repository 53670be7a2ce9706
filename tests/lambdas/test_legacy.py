"""The calls of the legacy service, on the `Storage` that `lambdas.layer` exports."""

import json

import pytest

from lambdas.layer import Handler, Sender, Storage
from lambdas.layer.protocol.errors import InvalidJson, InvalidMessage
from lambdas.layer.protocol.topic import Topic
from tests.kit.clock import FakeClock
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import CONNECTIONS, LEDGER, RETENTION, FakeDynamoDb, JournaledDynamoDb
from tests.kit.frames import TOPIC, publish
from tests.lambdas.frames_sent import publish_notification

HOUR = 3_600_000
OTHER = Topic("another", "12303")


@pytest.fixture
def storage(dynamo: JournaledDynamoDb, clock: FakeClock) -> Storage:
    return Storage(
        dynamo,
        connections=CONNECTIONS,
        ledger=LEDGER,
        retention=RETENTION,
        clock=clock,
    )


def test_create_connection_subscribes_for_two_hours(
    storage: Storage, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    storage.create_connection("3", publish())
    (row,) = tables.subscriptions()
    assert row["connection_id"] == {"S": "3"}
    assert row["expires_at"] == {"N": str(clock() // 1000 + 7200 + 300)}


def test_delete_connection_deletes_every_subscription_of_the_topic_and_no_other(
    storage: Storage, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    for connection_id in ("1", "2"):
        storage.subscribe(connection_id, TOPIC, clock() + HOUR)
    storage.subscribe("1", OTHER, clock() + HOUR)
    storage.delete_connection(json.dumps({"merchant_id": "merchant_id", "ref": 12303}))
    assert [row["merchant_id#ref"]["S"] for row in tables.subscriptions()] == [OTHER.key]
    assert [entry["merchant_id#ref"]["S"] for entry in tables.entries()] == [OTHER.key]


@pytest.mark.parametrize("text", ["", "[]", '{"merchant_id":"a#b","ref":1}', '{"ref":1}'])
def test_a_text_without_a_topic_is_rejected_without_a_call(
    text: str, storage: Storage, dynamo: JournaledDynamoDb
) -> None:
    with pytest.raises((InvalidJson, InvalidMessage)):
        storage.create_connection("3", text)
    with pytest.raises((InvalidJson, InvalidMessage)):
        storage.delete_connection(text)
    assert dynamo.calls == []


def test_a_connection_created_in_process_receives_publishes_until_it_is_deleted(
    storage: Storage, sender: Sender, api: FakeConnections, clock: FakeClock
) -> None:
    handler = Handler(storage, sender, clock=clock)
    storage.create_connection("3", publish())
    assert storage.subscribers(TOPIC).keys() == {"3"}
    assert publish_notification(handler)["accepted"] == 1
    storage.delete_connection('{"merchant_id":"merchant_id","ref":"12303"}')
    assert publish_notification(handler, id="2")["accepted"] == 0
    assert len(api.received("3")) == 1
