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


class FakeDynamo:
    """Answers what DynamoDB says about capacity; refuses a put whose condition is `taken`."""

    def resolve_credentials(self) -> None:
        pass

    def put_item(self, **parameters: Any) -> Any:
        assert parameters["ReturnConsumedCapacity"] == "TOTAL"
        if parameters.get("ConditionExpression") == "taken":
            code = "ConditionalCheckFailedException"
            raise ServiceError("PutItem", code, "", {})
        return {"ConsumedCapacity": {"CapacityUnits": 1.0}}

    def delete_item(self, **parameters: Any) -> Any:
        assert parameters["ReturnConsumedCapacity"] == "TOTAL"
        return {"ConsumedCapacity": {"CapacityUnits": 1.0}}

    def query(self, **parameters: Any) -> Any:
        assert parameters["ReturnConsumedCapacity"] == "TOTAL"
        return {"Items": [], "ConsumedCapacity": {"CapacityUnits": 0.5}}

    def batch_write_item(self, **parameters: Any) -> Any:
        assert parameters["ReturnConsumedCapacity"] == "TOTAL"
        return {"ConsumedCapacity": [{"CapacityUnits": 1.0} for _ in parameters["RequestItems"]]}


def test_an_operation_is_its_calls_by_name_and_what_they_consumed() -> None:
    recorder = Recorder({"t1": "connections", "t2": "ledger"})
    client = Recorded(FakeDynamo(), recorder)
    client.put_item(TableName="t2")
    assert client.query(TableName="t1", IndexName="by_ref")["Items"] == []
    client.batch_write_item(RequestItems={"t2": [], "t1": []})
    client.delete_item(TableName="t2")
    recorder.post("c1", b"{}", 1.0)
    calls = [
        ["PutItem ledger"],
        ["Query connections.by_ref"],
        ["BatchWriteItem connections + ledger"],
        ["DeleteItem ledger"],
        ["POST @connections"],
    ]
    assert recorder.operation("all") == Operation("all", calls, read_units=0.5, write_units=4.0)
    assert recorder.operation("next") == Operation("next", [], read_units=0, write_units=0)


def test_a_refused_put_is_counted_as_it_is_billed() -> None:
    recorder = Recorder({"t2": "ledger"})
    client = Recorded(FakeDynamo(), recorder)
    with pytest.raises(ServiceError):
        client.put_item(TableName="t2", ConditionExpression="taken")
    assert recorder.operation("again").write_units == 1.0
