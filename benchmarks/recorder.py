"""Recording the calls of a piece of work: which, in which order, side by side, at what cost."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.figures import Operation
from lambdas.layer.aws.clients import DynamoDbClient

_CALL_SECONDS: Final = 0.02
"""Added to each call, so that calls that do not wait for each other overlap."""

_REFUSED_PUT: Final = 1.0
"""Write units of a put whose condition fails, for items up to 1 KB. DynamoDB bills it as the write
it would have been, but reports no consumption with the refusal."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, from its start to its end on one clock, and the capacity that it consumed."""

    name: str
    started: float
    ended: float
    read_units: float = 0.0
    write_units: float = 0.0


@dataclass(slots=True)
class Recorder:
    """The calls since the last `operation`; `tables`: what to call them, by their names."""

    tables: Mapping[str, str]
    _calls: list[Call] = field(default_factory=list)

    def post(self) -> int:
        """Record a post; the answer of a FakeConnections."""
        started = time.perf_counter()
        time.sleep(_CALL_SECONDS)
        self.add(Call("POST @connections", started, time.perf_counter()))
        return 200

    def operation(self, name: str) -> Operation:
        """Return what was recorded, and begin anew."""
        done = Operation(
            name,
            steps(self._calls),
            sum(call.read_units for call in self._calls),
            sum(call.write_units for call in self._calls),
        )
        self._calls.clear()
        return done

    def add(self, call: Call) -> None:
        """Take a call that has ended."""
        self._calls.append(call)

    def where(self, parameters: Mapping[str, Any]) -> str:
        """Name what a call to DynamoDB is about."""
        if "RequestItems" in parameters:
            return " + ".join(sorted(self.tables[table] for table in parameters["RequestItems"]))
        table = self.tables[parameters["TableName"]]
        return f"{table}.{parameters['IndexName']}" if "IndexName" in parameters else table


class Recorded:
    """A client of DynamoDB whose calls a recorder takes, and which asks what each consumed."""

    def __init__(self, client: DynamoDbClient, recorder: Recorder) -> None:
        self._client = client
        self._recorder = recorder

    def resolve_credentials(self) -> None:
        """Find credentials; not counted."""
        self._client.resolve_credentials()

    def call(self, operation: str, **parameters: Any) -> Any:
        """Make a call; a put that is refused is billed, too."""
        name = f"{operation} {self._recorder.where(parameters)}"
        units = _REFUSED_PUT
        started = time.perf_counter()
        time.sleep(_CALL_SECONDS)
        try:
            answer = self._client.call(operation, **parameters, ReturnConsumedCapacity="TOTAL")
            units = _consumed(answer)
            return answer
        finally:
            read, write = (units, 0.0) if operation == "Query" else (0.0, units)
            self._recorder.add(Call(name, started, time.perf_counter(), read, write))


def _consumed(answer: Mapping[str, Any]) -> float:
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
