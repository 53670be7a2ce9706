"""DynamoDB, Secrets Manager and `@connections` on this machine, metered as AWS bills them."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from typing import Any

from tests.kit.dynamodb import FakeDynamoDb, Found, Key, Shape, part_of, size_of
from tests.kit.expressions import Item

Json = dict[str, Any]

_WRITE_UNIT, _READ_UNIT = 1024, 4096


@dataclass(slots=True)
class Meter:
    """What was asked of AWS: calls of any kind, capacity units, the bytes of the posts."""

    calls: int = 0
    write_units: int = 0
    read_units: float = 0
    posts: tuple[int, ...] = ()


class MeteredDynamoDb(FakeDynamoDb):
    """The tables of a template, by their names in it; `meter` takes what calls consume.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """

    def __init__(self, tables: Mapping[str, Json], meter: Meter) -> None:
        super().__init__({name: _shape(table) for name, table in tables.items()})
        self._meter = meter

    def write(self, table: str, key: Key, item: Item | None) -> None:
        """Charge for the larger of both items; an index only where what it holds changes.

        The keys of an item do not change, so nothing moves within an index: that would be two.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
        """
        before, after = self._newest(table, key), item or {}
        super().write(table, key, item)
        self._meter.write_units += _units(max(size_of(before), size_of(after)), _WRITE_UNIT)
        for held in self._shapes[table].indexes.values():
            old, new = part_of(before, held), part_of(after, held)
            if old != new:
                self._meter.write_units += _units(max(size_of(old), size_of(new)), _WRITE_UNIT)

    def _page(self, call: Json, found: list[Found]) -> list[Found]:
        """Charge for all that a query reads, whatever a filter leaves of it."""
        page = super()._page(call, found)
        held = self._shapes[call["TableName"]].indexes.get(call.get("IndexName", ""))
        size = sum(size_of(item if held is None else part_of(item, held)) for _, item in page)
        share = 1 if call.get("ConsistentRead") else 0.5
        self._meter.read_units += share * _units(size, _READ_UNIT)
        return page


def _shape(table: Json) -> Shape:
    """Return the keys of a template's table, and what each of its indexes holds."""
    first, second = _keys(table)
    indexes = {
        index["IndexName"]: frozenset(
            {first, second, *_keys(index), *index["Projection"].get("NonKeyAttributes", ())}
        )
        for index in table.get("GlobalSecondaryIndexes", [])
    }
    return Shape((first, second), indexes)


def _keys(described: Json) -> list[str]:
    return [key["AttributeName"] for key in described["KeySchema"]]


def _units(size: int, unit: int) -> int:
    return max(1, ceil(size / unit))


@contextmanager
def metered_aws(tables: Mapping[str, Json], secret: str) -> Iterator[tuple[str, Meter]]:
    """Serve all of it on a free port of this machine; give its address and its meter."""
    meter, lock = Meter(), threading.Lock()
    dynamodb = MeteredDynamoDb(tables, meter)

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
                    self._answer(dynamodb.call(operation, **json.loads(data)))
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

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", meter
        finally:
            server.shutdown()
            thread.join()
