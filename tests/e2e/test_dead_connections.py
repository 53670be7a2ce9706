"""The rows of closed connections are deleted, by `$disconnect` or else by the next publish."""

from typing import TYPE_CHECKING, Any

from benchmarks.load.disconnects import (
    subscribed_connections,
    wait_until_gone,
    without_disconnect,
)
from tests.kit.peer import peer, publication, unique
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def rows(stage: LocalStage, dynamodb: "DynamoDBClient", merchant: str) -> list[int]:
    """Count a merchant's subscriptions in the two tables."""

    def subscriptions(item: dict[str, Any]) -> bool:
        entry = item.get("entry", {"S": ""})["S"]
        topic: str = item["merchant_id#ref"]["S"]
        return topic.startswith(f"{merchant}#") and not entry.startswith("notification#")

    scan = dynamodb.get_paginator("scan")
    return [
        sum(map(subscriptions, scan.paginate(TableName=stage.outputs[table]).search("Items[]")))
        for table in ("ConnectionsTableName", "LedgerTableName")
    ]


def test_a_publish_prunes_dead_connections_and_is_delivered_to_the_open_one(
    stage: LocalStage, dynamodb: "DynamoDBClient"
) -> None:
    merchant = unique("shop")
    with without_disconnect(stage), peer(stage.url) as backend:
        for _ in range(30):
            with peer(stage.url) as dying:
                dying.subscribe(merchant, 1)
        wait_until_gone(stage, subscribed_connections(stage, {(merchant, 1)}), 30)
        with peer(stage.url) as browser:
            browser.subscribe(merchant, 1)
            assert rows(stage, dynamodb, merchant) == [31, 31]
            receipt = backend.ask(publication(merchant, 1))
            assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (1, 30, 0)
            assert browser.receive()["id"] == receipt["id"]
            assert rows(stage, dynamodb, merchant) == [1, 1]


def test_disconnect_deletes_every_subscription_of_its_connection(
    stage: LocalStage, dynamodb: "DynamoDBClient"
) -> None:
    merchant = unique("shop")
    with peer(stage.url) as browser:
        for number in range(30):
            browser.subscribe(merchant, number)
        assert rows(stage, dynamodb, merchant) == [30, 30]
    with peer(stage.url) as backend:
        while any(rows(stage, dynamodb, merchant)):
            backend.drain()
