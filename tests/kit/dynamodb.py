"""A model of DynamoDB in memory: the two tables of a stage, as the service calls them.

It does what DynamoDB does, in the smallest way, and refuses what it does not know. A subclass says
what may befall a call; `JournaledDynamoDb` writes the calls down, and lets single steps fail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from lambdas.layer.aws.clients import DynamoDbClient
from lambdas.layer.aws.errors import ServiceError
from lambdas.layer.items import TOPIC_KEY
from tests.kit.expressions import Item, compiled, placeholders, plain

CONNECTIONS: Final = "connections"
LEDGER: Final = "ledger"

RETENTION: Final = 3600
"""Seconds that a notification is kept."""

Key = tuple[str, str]
Found = tuple[Key, Item]

_PAGE: Final = 1024 * 1024
"""Bytes of a page of a query:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """The two key attributes of a table, and of each index those that it holds."""

    keys: tuple[str, str]
    indexes: Mapping[str, frozenset[str]] = field(default_factory=dict)


SHAPES: Final = {
    CONNECTIONS: Shape(
        ("connection_id", TOPIC_KEY),
        {"by_ref": frozenset({"connection_id", TOPIC_KEY, "expires_at"})},
    ),
    LEDGER: Shape((TOPIC_KEY, "entry")),
}


class Version:
    """An item as it is from a write on; None once it is deleted. `number` counts all writes."""

    __slots__ = ("at", "item", "number")

    def __init__(self, at: int, number: int, item: Item | None) -> None:
        self.at = at
        self.number = number
        self.item = item


Effect = Callable[[], ServiceError | None]
"""Makes a write, and returns why it is refused, if it is."""


class FakeDynamoDb:
    """The tables, empty at first; every read sees every write.

    `page_items`: at most so many items a page, beside DynamoDB's own limit.
    """

    def __init__(self, shapes: Mapping[str, Shape] | None = None) -> None:
        """Take the tables by their names; by default those of a stage."""
        self._shapes = SHAPES if shapes is None else shapes
        self._versions: dict[str, dict[Key, list[Version]]] = {name: {} for name in self._shapes}
        self.writes = 0
        self.page_items: int | None = None

    # -- what the service calls

    def resolve_credentials(self) -> None:
        """Find credentials: they are always there."""

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the result of an operation. Raises ServiceError."""
        match operation:
            case "PutItem":
                result = self._put_item(parameters)
            case "DeleteItem":
                result = self._delete_item(parameters)
            case "BatchWriteItem":
                result = self._batch_write_item(parameters)
            case "Query":
                result = self._query(parameters)
            case _:
                raise NotImplementedError(f"teach the model the operation {operation}")
        return result

    # -- what tests look at and do

    def items(self, table: str) -> list[Item]:
        """Return every item of a table, expired or not, in the order of the keys."""
        newest = sorted((key, versions[-1].item) for key, versions in self._versions[table].items())
        return [item for _, item in newest if item is not None]

    def subscriptions(self) -> list[Item]:
        """Return every row of the connections table, expired or not."""
        return self.items(CONNECTIONS)

    def entries(self, kind: str = "") -> list[Item]:
        """Return every entry of the ledger, or of one kind: `notification`, `subscription`."""
        return [item for item in self.items(LEDGER) if item["entry"]["S"].startswith(kind)]

    def drop(self, table: str) -> None:
        """Delete a table: calls of it are refused from now on."""
        del self._versions[table]

    def last(self, table: str, key: Key) -> Version | None:
        """Return the newest version of an item."""
        versions = self._versions[table].get(key)
        return versions[-1] if versions else None

    def write(self, table: str, key: Key, item: Item | None) -> None:
        """Let an item be so from now on; None deletes it."""
        self.writes += 1
        version = Version(self._now(), self.writes, item)
        self._versions[table].setdefault(key, []).append(version)

    # -- what a subclass may say otherwise

    def _now(self) -> int:
        """Return the time that a write gets."""
        return 0

    def _perform(self, _label: str, effect: Effect) -> ServiceError | None:
        """Make a write."""
        return effect()

    def _write_one_of(self, _label: str, effect: Effect) -> bool:
        """Make one write of a batch, or leave it over and return False."""
        effect()
        return True

    def _delete_one_of(self, table: str, key: Key) -> None:
        """Make one deletion of a batch."""
        self.write(table, key, None)

    def _visible(self, versions: list[Version], *, consistent: bool) -> Item | None:
        """Return an item as a read sees it."""
        del consistent
        return versions[-1].item

    def _page(self, call: dict[str, Any], found: list[Found]) -> list[Found]:
        """Return what goes into one page of what a query finds."""
        limit = call.get("Limit", self.page_items)
        size, count = 0, 0
        for _, item in found:
            size += size_of(item)
            count += 1
            if size > _PAGE or count == limit:
                break
        return found[:count]

    # -- the operations

    def _put_item(self, call: dict[str, Any]) -> dict[str, Any]:
        key = self._key("PutItem", call["TableName"], call["Item"])
        refused = self._perform(f"put {key[1]}", lambda: self._put(call, key))
        if refused is not None:
            raise refused
        return {}

    def _put(self, call: dict[str, Any], key: Key) -> ServiceError | None:
        old = self._newest(call["TableName"], key)
        condition = call.get("ConditionExpression")
        if condition:
            values = call.get("ExpressionAttributeValues", {})
            _require_used((condition,), tuple(values))
            if not compiled(condition)(old, values):
                shown = call.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
                body = {"Item": old} if shown else {}
                return ServiceError("PutItem", "ConditionalCheckFailedException", "", body)
        self.write(call["TableName"], key, call["Item"])
        return None

    def _delete_item(self, call: dict[str, Any]) -> dict[str, Any]:
        table = call["TableName"]
        key = self._key("DeleteItem", table, call["Key"])
        label = f"delete {table} {' / '.join(key)}"
        self._perform(label, lambda: self.write(table, key, None))
        return {}

    def _batch_write_item(self, call: dict[str, Any]) -> dict[str, Any]:
        left: dict[str, list[dict[str, Any]]] = {}
        for table, request in self._ordered(call["RequestItems"]):
            ((kind, body),) = request.items()
            item = body.get("Item")
            key = self._key("BatchWriteItem", table, item or body["Key"])
            label = f"{kind.removesuffix('Request').lower()} {table} {' / '.join(key)}"

            def effect(table: str = table, key: Key = key, item: Item | None = item) -> None:
                if item is None:
                    self._delete_one_of(table, key)
                else:
                    self.write(table, key, item)

            if not self._write_one_of(label, effect):
                left.setdefault(table, []).append(request)
        return {"UnprocessedItems": left} if left else {}

    def _ordered(self, requests: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """Return the writes of a batch in the order in which they are made."""
        return [(table, request) for table, some in requests.items() for request in some]

    def _query(self, call: dict[str, Any]) -> dict[str, Any]:
        values = call["ExpressionAttributeValues"]
        names = call.get("ExpressionAttributeNames", {})
        texts = tuple([call[one] for one in _EXPRESSIONS if one in call])
        _require_used(texts, (*values, *names))
        found = self._found(call, tuple(names.items()), values)
        start = call.get("ExclusiveStartKey")
        if start is not None:
            after = self._key("Query", call["TableName"], start)
            found = [one for one in found if one[0] > after]
        page = self._page(call, found)
        result: dict[str, Any] = {}
        if len(page) < len(found):
            keys = self._shapes[call["TableName"]].keys
            result["LastEvaluatedKey"] = {name: page[-1][1][name] for name in keys}
        kept = None
        if "FilterExpression" in call:
            kept = compiled(call["FilterExpression"], tuple(names.items()))
        shown = [item for _, item in page if kept is None or kept(item, values)]
        if "ProjectionExpression" in call:
            asked = {names.get(one, one) for one in call["ProjectionExpression"].split(", ")}
            shown = [part_of(item, asked) for item in shown]
        elif "IndexName" in call:
            held = self._shapes[call["TableName"]].indexes[call["IndexName"]]
            shown = [part_of(item, held) for item in shown]
        result["Items"] = shown
        return result

    def _found(
        self, call: dict[str, Any], names: tuple[tuple[str, str], ...], values: dict[str, Any]
    ) -> list[Found]:
        matches = compiled(call["KeyConditionExpression"], names)
        consistent = bool(call.get("ConsistentRead"))
        found = []
        for key, versions in self._table("Query", call["TableName"]).items():
            item = self._visible(versions, consistent=consistent)
            if item is not None and matches(item, values):
                found.append((key, item))
        found.sort(key=lambda one: one[0])
        return found

    # -- keys

    def _table(self, operation: str, name: str) -> dict[Key, list[Version]]:
        if name not in self._versions:
            raise ServiceError(operation, "ResourceNotFoundException", f"no table {name}", {})
        return self._versions[name]

    def _key(self, operation: str, table: str, item: Item) -> Key:
        self._table(operation, table)
        first, second = self._shapes[table].keys
        return str(plain(item[first])), str(plain(item[second]))

    def _newest(self, table: str, key: Key) -> Item:
        last = self.last(table, key)
        return (last.item if last else None) or {}


_EXPRESSIONS: Final = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")


@cache
def _require_used(texts: tuple[str, ...], given: tuple[str, ...]) -> None:
    """Refuse, as DynamoDB does, placeholders that are given and not used, or used and not given."""
    used = {one for text in texts for one in placeholders(text)}
    if used != set(given):
        message = f"placeholders {sorted(used)} are used, {sorted(given)} are given"
        raise ServiceError("", "ValidationException", message, {})


def part_of(item: Item, names: frozenset[str] | set[str]) -> Item:
    """Return these attributes of an item, as far as it has them."""
    return {name: value for name, value in item.items() if name in names}


def size_of(item: Item) -> int:
    """Return the bytes of an item:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, str]) -> int:
    ((kind, text),) = value.items()
    return len(text.encode()) if kind == "S" else len(text) // 2 + 2  # N: two digits a byte


Journal = list[str]
"""Names of steps in the order in which they began, e.g. `put notification`, `post c1`."""

Call = Callable[[], Any]
Detour = Callable[[Call], Any]
"""Takes the call that would have been made, and answers in its place."""


class JournaledDynamoDb:
    """A client of DynamoDB whose calls are written down by what they are for, and fail on demand.

    Steps: `write` (a batch), `delete`, `put notification`, `query notifications`, `query recent`,
    `query index`, `query connection`.
    """

    def __init__(self, client: DynamoDbClient, journal: Journal | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._client = client
        self.journal = [] if journal is None else journal
        self._detours: dict[str, Detour] = {}
        self.before_credentials: Callable[[], object] = lambda: None

    def detour(self, step: str, detour: Detour) -> None:
        """Send a step another way."""
        self._detours[step] = detour

    def fail(self, step: str, error: Exception) -> None:
        """Let a step fail instead of being done."""

        def failing(_call: Call) -> Any:
            raise error

        self.detour(step, failing)

    def mend(self) -> None:
        """Let every step be done again."""
        self._detours.clear()

    def lag(self) -> None:
        """Let the index know nothing: it has not caught up with its table."""
        self.detour("query index", lambda _call: {"Items": []})

    def asked(self, step: str) -> list[dict[str, Any]]:
        """Return the parameters of each call of a step."""
        return [parameters for name, parameters in self.calls if name == step]

    def resolve_credentials(self) -> None:
        """Find credentials; `before_credentials` is called, as if they had to be fetched."""
        self.before_credentials()

    def call(self, operation: str, **parameters: Any) -> Any:
        """Make a call, or its detour."""
        step = _step(operation, parameters)
        self.calls.append((step, parameters))
        self.journal.append(step)
        detour = self._detours.get(step)

        def make() -> Any:
            return self._client.call(operation, **parameters)

        return make() if detour is None else detour(make)


_STEPS: Final = {
    "BatchWriteItem": "write",
    "DeleteItem": "delete",
    "PutItem": "put notification",
}
_QUERIES: Final = {
    ":notification": "query notifications",
    ":subscription": "query recent",
    ":connection_id": "query connection",
}


def _step(operation: str, parameters: dict[str, Any]) -> str:
    if operation != "Query":
        return _STEPS[operation]
    if "IndexName" in parameters:
        return "query index"
    values = parameters["ExpressionAttributeValues"]
    return next(step for name, step in _QUERIES.items() if name in values)
