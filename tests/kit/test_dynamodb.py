"""The model of DynamoDB does what DynamoDB does."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.layer.aws.boto3_clients import Boto3DynamoDb
from lambdas.layer.aws.clients import DynamoDbClient
from lambdas.layer.aws.errors import ServiceError
from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.storage import Storage
from tests.kit.dynamodb import CONNECTIONS, LEDGER, RETENTION, SHAPES, FakeDynamoDb, Shape
from tests.kit.expressions import compiled

TABLE = Shape(("a", "b"))
INDEXED = Shape(("a", "b"), {"by_b": frozenset({"a", "b", "until"})})


@pytest.fixture
def dynamodb() -> FakeDynamoDb:
    return FakeDynamoDb({"plain": TABLE, "indexed": INDEXED})


def item(text: str = "", until: int = 1) -> dict[str, Any]:
    return {"a": {"S": "x"}, "b": {"S": "y"}, "text": {"S": text}, "until": {"N": str(until)}}


def put(dynamodb: FakeDynamoDb, table: str, one: dict[str, Any]) -> None:
    dynamodb.call("PutItem", TableName=table, Item=one)


def query(table: str, **more: Any) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeyConditionExpression": "a = :a" if "IndexName" not in more else "b = :a",
        "ExpressionAttributeValues": {":a": {"S": "x" if "IndexName" not in more else "y"}},
        **more,
    }


def test_an_index_shows_what_it_holds(dynamodb: FakeDynamoDb) -> None:
    put(dynamodb, "indexed", item("t"))
    (shown,) = dynamodb.call("Query", **query("indexed", IndexName="by_b"))["Items"]
    assert shown.keys() == {"a", "b", "until"}


def test_a_page_holds_a_megabyte(dynamodb: FakeDynamoDb) -> None:
    for number in range(4):
        put(dynamodb, "plain", {**item("t" * 400_000), "b": {"S": str(number)}})
    first = dynamodb.call("Query", **query("plain"))
    assert len(first["Items"]) == 3
    after = query("plain", ExclusiveStartKey=first["LastEvaluatedKey"])
    rest = dynamodb.call("Query", **after)
    assert [one["b"]["S"] for one in rest["Items"]] == ["3"]
    assert "LastEvaluatedKey" not in rest


@pytest.mark.parametrize("wrong", [{":b": {"S": "unused"}}, {}])
def test_a_value_that_is_unused_or_missing_is_refused(
    dynamodb: FakeDynamoDb, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ServiceError, match="ValidationException"):
        dynamodb.call("Query", **query("plain", ExpressionAttributeValues=wrong))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_not_exists(entry) OR expires_at <= :now", True),
        ("attribute_not_exists(entry)", False),
        ("expires_at > :now AND begins_with(entry, :notification)", False),
        ("expires_at <= :now AND begins_with(entry, :notification)", True),
        ("absent > :now", False),
    ],
)
def test_conditions_are_read_from_their_text(condition: str, holds: bool) -> None:  # noqa: FBT001
    one = {"entry": {"S": "notification#1"}, "expires_at": {"N": "9"}}
    values = {":now": {"N": "10"}, ":notification": {"S": "notification#"}}
    assert compiled(condition)(one, values) is holds


def test_a_condition_that_the_model_does_not_know_is_not_silently_met() -> None:
    with pytest.raises(NotImplementedError, match="contains"):
        compiled("contains(line, :x)")


# -- beside moto: what the service does with its tables has the same results on both


def create_tables(client: Any) -> None:
    """Create both tables, in the shape in which the stack makes them."""
    for name, shape in SHAPES.items():
        keys = [(shape.keys[0], "HASH"), (shape.keys[1], "RANGE")]
        schema = [{"AttributeName": one, "KeyType": kind} for one, kind in keys]
        indexes = [
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": shape.keys[1], "KeyType": "HASH"},
                    {"AttributeName": shape.keys[0], "KeyType": "RANGE"},
                ],
                "Projection": {
                    "ProjectionType": "INCLUDE",
                    "NonKeyAttributes": sorted(held - set(shape.keys)),
                },
            }
            for index, held in shape.indexes.items()
        ]
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": one, "AttributeType": "S"} for one in shape.keys
            ],
            KeySchema=schema,
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )


def everything(client: DynamoDbClient) -> list[Any]:
    """Do with the tables all that the service does, and return what came of it."""
    now = 1_795_426_200_000
    topic, other = Topic("shop", "12303"), Topic("shop", 7)
    storage = Storage(
        client,
        connections=CONNECTIONS,
        ledger=LEDGER,
        retention=RETENTION,
        clock=lambda: now,
    )
    first = StoredNotification("a", '{"é":1}', "2026-11-23T09:30:00.000Z")
    later = StoredNotification("b", "{}", "2026-11-23T09:30:01.000Z")
    came: list[Any] = []
    for connection_id, of in (("c1", topic), ("c2", topic), ("c1", other)):
        storage.subscribe(connection_id, of, now + 3_600_000)
    came += [storage.put_notification(topic, one) for one in (later, first, first)]
    came += [storage.notifications(topic), storage.notifications(topic, now + 500)]
    came += [sorted(storage.subscribers(of).items()) for of in (topic, other)]
    storage.unsubscribe(topic, ["c2", "never there"])
    came += [sorted(storage.subscribers(topic)), storage.delete_subscriptions("c1")]
    now += (RETENTION + 60) * 1000
    came += [storage.notifications(topic), storage.put_notification(topic, first)]
    return came


def test_what_the_service_does_has_the_same_results_as_on_moto() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_tables(client)
        on_moto = everything(Boto3DynamoDb(client))
        left = client.scan(TableName=LEDGER)["Items"]
    model = FakeDynamoDb()
    assert everything(model) == on_moto
    assert [{**one, "write": ""} for one in model.entries()] == [
        {**one, "write": ""} for one in left
    ]
    assert len(left) == 2
