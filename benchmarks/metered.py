"""DynamoDB, Secrets Manager and `@connections` on this machine, metered as AWS bills them.

moto does what DynamoDB does, but takes a unit for every call. The units are worked out here, by
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html and,
for an index, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import boto3
from moto import mock_aws

from tools.ministack import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Json = dict[str, Any]

_SHAPE: Final = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
_WRITE_UNIT, _READ_UNIT = 1024, 4096


@dataclass(slots=True)
class Meter:
    """What was asked of AWS: calls of any kind, capacity units, the bytes of the posts."""

    calls: int = 0
    write_units: int = 0
    read_units: float = 0
    posts: tuple[int, ...] = ()


class MeteredDynamo:
    """The tables of a template, by their names in it; `meter` takes what calls consume."""

    def __init__(self, client: "DynamoDBClient", tables: Mapping[str, Json], meter: Meter) -> None:
        self._client: Any = client
        self._tables = tables
        self._meter = meter
        for name, properties in tables.items():
            shape = {part: properties[part] for part in _SHAPE if part in properties}
            self._client.create_table(TableName=name, **shape)

    def call(self, operation: str, parameters: Json) -> Json:
        """Return what the operation answers; a batch is the single writes that it is billed as."""
        match operation:
            case "PutItem" | "DeleteItem":
                do = self._client.put_item if operation == "PutItem" else self._client.delete_item
                answer: Json = do(**{**parameters, "ReturnValues": "ALL_OLD"})
                before = answer.pop("Attributes", {})
                self._write(parameters["TableName"], before, parameters.get("Item", {}))
            case "BatchWriteItem":
                for table, requests in parameters["RequestItems"].items():
                    for request in requests:
                        ((kind, item),) = request.items()
                        single = kind.replace("Request", "Item")
                        self.call(single, {"TableName": table, **item})
                answer = {"UnprocessedItems": {}}
            case "Query":
                answer = self._client.query(**parameters)
                self._read(parameters)
            case _:
                raise NotImplementedError(f"the units of {operation} are not known here")
        answer.pop("ResponseMetadata", None)
        return answer

    def _write(self, table: str, before: Json, after: Json) -> None:
        """Charge for the larger of both; an index only where what it holds changes.

        The keys of an item do not change, so nothing moves within an index: that would be two.
        """
        self._meter.write_units += _units(max(_size(before), _size(after)), _WRITE_UNIT)
        for index in self._tables[table].get("GlobalSecondaryIndexes", []):
            held = _held(self._tables[table], index)
            old, new = _part(before, held), _part(after, held)
            if old != new:
                self._meter.write_units += _units(max(_size(old), _size(new)), _WRITE_UNIT)

    def _read(self, parameters: Json) -> None:
        """Charge for what the key's condition finds, whatever a filter leaves of it."""
        table, condition = parameters["TableName"], parameters["KeyConditionExpression"]
        query = {"TableName": table, "KeyConditionExpression": condition}
        for mapping in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            given = parameters.get(mapping, {})
            query[mapping] = {name: value for name, value in given.items() if name in condition}
        held = None
        for index in self._tables[table].get("GlobalSecondaryIndexes", []):
            if index["IndexName"] == parameters.get("IndexName"):
                held = _held(self._tables[table], index)
                query["IndexName"] = index["IndexName"]
        found = self._client.query(**{name: value for name, value in query.items() if value})
        size = sum(_size(_part(item, held)) for item in found["Items"])
        share = 1 if parameters.get("ConsistentRead") else 0.5
        self._meter.read_units += share * _units(size, _READ_UNIT)


def _held(table: Json, index: Json) -> set[str]:
    keys = {key["AttributeName"] for key in (*table["KeySchema"], *index["KeySchema"])}
    return keys | set(index["Projection"].get("NonKeyAttributes", ()))


def _part(item: Json, names: set[str] | None) -> Json:
    return {name: value for name, value in item.items() if names is None or name in names}


def _units(size: int, unit: int) -> int:
    return max(1, ceil(size / unit))


def _size(item: Json) -> int:
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, str]) -> int:
    ((kind, text),) = value.items()
    return len(text.encode()) if kind == "S" else len(text) // 2 + 2  # N: two digits a byte


@contextmanager
def metered_aws(tables: Mapping[str, Json], secret: str) -> Iterator[tuple[str, Meter]]:
    """Serve all of it on a free port of this machine; give its address and its meter."""
    meter, lock = Meter(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps connections
        disable_nagle_algorithm = True  # an answer is two writes

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            service, _, operation = self.headers.get("x-amz-target", "").partition(".")
            with lock:
                meter.calls += 1
                if service == "secretsmanager":
                    self._answer({"SecretString": secret})
                elif operation:
                    self._answer(dynamo.call(operation, json.loads(data)))
                else:
                    meter.posts += (len(data),)
                    self._answer({})

        def _answer(self, answer: Json) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with mock_aws(), ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        client = boto3.client("dynamodb", region_name=REGION)
        dynamo = MeteredDynamo(client, tables, meter)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", meter
        finally:
            server.shutdown()
            thread.join()
