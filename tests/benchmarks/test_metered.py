"""DynamoDB's units, as its documentation has them."""

from typing import Any

import pytest

from benchmarks.metered import Meter, MeteredDynamoDb

KEYS = [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}]
INDEX = {
    "IndexName": "by_b",
    "KeySchema": [{**KEYS[1], "KeyType": "HASH"}, {**KEYS[0], "KeyType": "RANGE"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["until"]},
}
TABLE: dict[str, Any] = {"KeySchema": KEYS}


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def dynamo(meter: Meter) -> MeteredDynamoDb:
    tables = {"plain": TABLE, "indexed": {**TABLE, "GlobalSecondaryIndexes": [INDEX]}}
    return MeteredDynamoDb(tables, meter)


def item(text: str = "", until: int = 1) -> dict[str, Any]:
    return {"a": {"S": "x"}, "b": {"S": "y"}, "text": {"S": text}, "until": {"N": str(until)}}


KEY = {name: item()[name] for name in "ab"}


def put(dynamo: MeteredDynamoDb, table: str, one: dict[str, Any]) -> None:
    dynamo.call("PutItem", TableName=table, Item=one)


def query(dynamo: MeteredDynamoDb, table: str, **more: Any) -> int:
    asked = {
        "TableName": table,
        "KeyConditionExpression": "a = :a" if "IndexName" not in more else "b = :a",
        "ExpressionAttributeValues": {":a": {"S": "x" if "IndexName" not in more else "y"}},
    }
    return len(dynamo.call("Query", **{**asked, **more})["Items"])


@pytest.mark.parametrize(
    ("table", "size", "units"), [("plain", 900, 1), ("plain", 1024, 2), ("indexed", 1024, 3)]
)
def test_a_put_is_billed_by_the_kilobyte_and_once_more_for_its_index(
    dynamo: MeteredDynamoDb, meter: Meter, table: str, size: int, units: int
) -> None:
    put(dynamo, table, item("t" * size))
    assert meter.write_units == units


@pytest.mark.parametrize(("until", "units"), [(1, 1), (2, 2)])
def test_an_index_is_billed_for_an_update_only_of_what_it_holds(
    dynamo: MeteredDynamoDb, meter: Meter, until: int, units: int
) -> None:
    put(dynamo, "indexed", item("old"))
    meter.write_units = 0
    put(dynamo, "indexed", item("new", until))
    assert meter.write_units == units


def test_a_batch_is_billed_by_the_item_and_a_delete_of_nothing_as_one(
    dynamo: MeteredDynamoDb, meter: Meter
) -> None:
    put(dynamo, "plain", item("t" * 2000))
    put(dynamo, "indexed", item())
    meter.write_units = 0
    delete = [{"DeleteRequest": {"Key": KEY}}]
    for units in (2 + 2, 1 + 1):
        dynamo.call("BatchWriteItem", RequestItems={"plain": delete, "indexed": delete})
        assert meter.write_units == units
        meter.write_units = 0


@pytest.mark.parametrize(
    ("text", "asked", "units"),
    [
        (None, {"ConsistentRead": True}, 1),
        (None, {}, 0.5),
        ("t" * 5000, {"ConsistentRead": True}, 2),
        ("t" * 5000, {}, 1),
        ("t" * 5000, {"IndexName": "by_b"}, 0.5),
    ],
)
def test_a_query_is_billed_by_four_kilobytes_of_what_it_reads_and_half_if_not_consistent(
    dynamo: MeteredDynamoDb, meter: Meter, text: str | None, asked: dict[str, Any], units: float
) -> None:
    if text is not None:
        put(dynamo, "indexed", item(text))
    assert query(dynamo, "indexed", **asked) == (text is not None)
    assert meter.read_units == units


def test_items_that_a_filter_drops_are_billed(dynamo: MeteredDynamoDb, meter: Meter) -> None:
    put(dynamo, "plain", item("t" * 5000))
    names = {"#until": "until"}
    values = {":a": {"S": "x"}, ":now": {"N": "9"}}
    asked = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    assert query(dynamo, "plain", FilterExpression="#until > :now", **asked) == 0
    assert meter.read_units == 1
