from typing import Any

import pytest

from benchmarks.figures import Operation
from benchmarks.recorder import Call, Recorded, Recorder, steps
from lambdas.layer.aws.errors import ServiceError


def test_calls_that_overlap_are_one_step_and_those_that_wait_are_the_next() -> None:
    calls = [
        Call("query b", 2.1, 3.1),
        Call("put", 0, 1),
        Call("query a", 2, 3),
        Call("post", 4, 5),
    ]
    assert steps(calls) == [["put"], ["query a", "query b"], ["post"]]


def test_a_chain_of_overlaps_is_one_step() -> None:
    assert steps([Call("a", 0, 2), Call("b", 1, 4), Call("c", 3, 5)]) == [["a", "b", "c"]]


def test_no_calls_are_no_steps() -> None:
    assert steps([]) == []


class Capacity:
    """Answers what DynamoDB says about capacity; refuses a put whose condition is `taken`."""

    def resolve_credentials(self) -> None:
        pass

    def call(self, operation: str, **parameters: Any) -> Any:
        assert parameters["ReturnConsumedCapacity"] == "TOTAL"
        if parameters.get("ConditionExpression") == "taken":
            raise ServiceError(operation, "ConditionalCheckFailedException", "", {})
        if operation == "BatchWriteItem":
            tables = parameters["RequestItems"]
            return {"ConsumedCapacity": [{"CapacityUnits": 1.0} for _ in tables]}
        units = 0.5 if operation == "Query" else 1.0
        return {"Items": [], "ConsumedCapacity": {"CapacityUnits": units}}


def test_an_operation_is_its_calls_by_name_and_what_they_consumed() -> None:
    recorder = Recorder({"t1": "connections", "t2": "ledger"})
    client = Recorded(Capacity(), recorder)
    client.call("PutItem", TableName="t2")
    assert client.call("Query", TableName="t1", IndexName="by_ref")["Items"] == []
    client.call("BatchWriteItem", RequestItems={"t2": [], "t1": []})
    client.call("DeleteItem", TableName="t2")
    assert recorder.post() == 200
    calls = [
        ["PutItem ledger"],
        ["Query connections.by_ref"],
        ["BatchWriteItem connections + ledger"],
        ["DeleteItem ledger"],
        ["POST @connections"],
    ]
    assert recorder.operation("all") == Operation("all", calls, read_units=0.5, write_units=4.0)
    assert recorder.operation("next") == Operation("next", [], read_units=0, write_units=0)


def test_a_put_whose_condition_fails_is_counted_as_billed() -> None:
    recorder = Recorder({"t2": "ledger"})
    client = Recorded(Capacity(), recorder)
    with pytest.raises(ServiceError):
        client.call("PutItem", TableName="t2", ConditionExpression="taken")
    assert recorder.operation("again").write_units == 1.0
