"""Pruning: a publish deletes the subscriptions of the connections that it found gone."""

import pytest

from lambdas.layer.handler import Handler
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import FakeDynamoDb, Journal, JournaledDynamoDb
from tests.lambdas.frames_sent import (
    publish_notification,
    subscribe_connections,
    subscribed_connections,
)


def _subscribe(handler: Handler, api: FakeConnections, number: int, *, gone: int) -> None:
    """Subscribe c0, c1, ... of which the first `gone` are answered 410."""
    connection_ids = [f"c{n}" for n in range(number)]
    subscribe_connections(handler, *connection_ids)
    for connection_id in connection_ids[:gone]:
        api.script(connection_id, 410)


def test_a_publish_deletes_the_subscriptions_of_gone_connections_from_both_tables(
    handler: Handler, api: FakeConnections, tables: FakeDynamoDb
) -> None:
    _subscribe(handler, api, 4, gone=2)
    receipt = publish_notification(handler)
    assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (2, 2, 0)
    assert subscribed_connections(tables) == {"c2", "c3"}
    recent = {entry["entry"]["S"] for entry in tables.entries("subscription")}
    assert recent == {"subscription#c2", "subscription#c3"}


def test_gone_connections_are_pruned_25_deletes_a_call(
    handler: Handler, api: FakeConnections, dynamo: JournaledDynamoDb
) -> None:
    _subscribe(handler, api, 30, gone=30)
    dynamo.calls.clear()
    assert publish_notification(handler)["gone"] == 30
    assert len(dynamo.asked("write")) == 3  # 30 subscriptions and 30 recent ones


def test_pruning_begins_after_every_post_has_ended(
    handler: Handler, api: FakeConnections, journal: Journal
) -> None:
    _subscribe(handler, api, 3, gone=1)
    journal.clear()
    publish_notification(handler)
    assert journal[-1] == "write"
    assert [step for step in journal if step.startswith("post ")].count("post c0") == 2


def test_a_publish_without_gone_connections_prunes_nothing(
    handler: Handler, api: FakeConnections, dynamo: JournaledDynamoDb
) -> None:
    _subscribe(handler, api, 2, gone=0)
    dynamo.calls.clear()
    publish_notification(handler)
    assert dynamo.asked("write") == []


def test_a_failed_pruning_is_logged_and_the_publisher_still_gets_its_receipt(
    handler: Handler,
    api: FakeConnections,
    dynamo: JournaledDynamoDb,
    caplog: pytest.LogCaptureFixture,
) -> None:
    _subscribe(handler, api, 2, gone=1)
    dynamo.fail("write", RuntimeError("throttled"))
    receipt = publish_notification(handler)
    assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (1, 1, 0)
    (record,) = caplog.records
    assert record.getMessage() == "pruning failed"
    assert vars(record)["connections"] == 1
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "throttled"
