"""Recording the calls of a piece of work: which, in which order, side by side, at what cost."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from benchmarks.figures import Operation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_A_CALL_TAKES: Final = 0.02
"""Seconds added to each call, so that those that do not wait for each other surely overlap."""

_REFUSED_PUT: Final = 1.0
"""Write units of a put whose condition fails, for items up to 1 KB. DynamoDB bills it as the write
it would have been, but reports no consumption with the refusal."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, from its start to its end on one clock."""

    name: str
    started: float
    ended: float


@dataclass(slots=True)
class Recorder:
    """The calls since the last `operation`; `tables`: what to call them, by their names.

    To a Sender it is an `Api` that accepts every post.
    """

    tables: Mapping[str, str]
    _calls: list[Call] = field(default_factory=list)
    _read_units: float = 0.0
    _write_units: float = 0.0

    def attach(self, client: "DynamoDBClient") -> None:
        """Record every call of a client, and ask DynamoDB what each consumed."""
        events: Any = client.meta.events  # whose stubs know of no answers
        events.register("provide-client-params.dynamodb", self._ask)
        events.register("before-call.dynamodb", _start)
        events.register("after-call.dynamodb", self._end)

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:  # noqa: ARG002 - as Api
        """Take a post."""
        started = time.perf_counter()
        time.sleep(_A_CALL_TAKES)
        self._calls.append(Call("POST @connections", started, time.perf_counter()))
        return 200

    def operation(self, name: str) -> Operation:
        """Return what was recorded, and begin anew."""
        done = Operation(name, steps(self._calls), self._read_units, self._write_units)
        self._calls.clear()
        self._read_units = self._write_units = 0.0
        return done

    def _ask(
        self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any
    ) -> dict[str, Any]:
        context["name"] = f"{model.name} {self._where(params)}"
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _where(self, params: Mapping[str, Any]) -> str:
        if "RequestItems" in params:
            return " + ".join(sorted(self.tables[table] for table in params["RequestItems"]))
        table = self.tables[params["TableName"]]
        return f"{table}.{params['IndexName']}" if "IndexName" in params else table

    def _end(self, model: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        self._calls.append(Call(context["name"], context["started"], time.perf_counter()))
        if model.name == "Query":
            self._read_units += _consumed(parsed)
        else:
            self._write_units += _consumed(parsed)


def _start(context: dict[str, Any], **_: Any) -> None:
    context["started"] = time.perf_counter()
    time.sleep(_A_CALL_TAKES)


def _consumed(answer: Mapping[str, Any]) -> float:
    if "Error" in answer:
        return _REFUSED_PUT
    capacity = answer["ConsumedCapacity"]
    tables = capacity if isinstance(capacity, list) else [capacity]
    return sum(float(table["CapacityUnits"]) for table in tables)


def steps(calls: list[Call]) -> list[list[str]]:
    """Group calls that overlap in time: those of one step run side by side."""
    groups: list[list[str]] = []
    busy_until = float("-inf")
    for call in sorted(calls, key=lambda one: one.started):
        if call.started >= busy_until:
            groups.append([])
        groups[-1].append(call.name)
        busy_until = max(busy_until, call.ended)
    return [sorted(names) for names in groups]
