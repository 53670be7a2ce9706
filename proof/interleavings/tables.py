"""A model of DynamoDB: two tables, an index that lags, reads that may be stale, writes that fail.

- A consistent query sees every write that is done. Any other, the index's above all, sees each item
  as it was at some moment of the last `lag` milliseconds: another moment for each item and read.
- BatchWriteItem is no transaction: its items are written one after another, others may read
  between them, and it may leave some over.
- A call may fail before or after it has its effect, or have it twice: its answer was lost and the
  client under it tried again.
- Expired items stay until a sweep, which deletes some of them, or none.
"""

from collections.abc import Callable
from typing import Any

from lambdas.layer.aws.errors import ServiceError
from proof.interleavings.expressions import Item, compiled, plain
from proof.interleavings.scheduler import CALL_TAKES_AT_MOST, Scheduler

CONNECTIONS = "connections"
LEDGER = "ledger"

_KEYS = {
    CONNECTIONS: ("connection_id", "merchant_id#ref"),
    LEDGER: ("merchant_id#ref", "entry"),
}
_FAILS = {1, 2}
_ANSWER_LOST = {3, 4}
_TRIED_AGAIN = _LEFT_OVER = {5, 6, 7}
"""Of the scheduler's troubles."""

_PAGE_OF_ONE_IN = 8

Key = tuple[str, str]
Written = Callable[[Item], None]
Deleted = Callable[[str, Key], None]


class FaultError(RuntimeError):
    """DynamoDB did not do its part, as the run chose."""


def _refused(old: Item) -> ServiceError:
    """Return what the shipped client raises when a condition is not met."""
    return ServiceError("PutItem", "ConditionalCheckFailedException", "", {"Item": old})


class Version:
    """An item as it is from a write on; None once it is deleted. `number` counts all writes."""

    __slots__ = ("at", "item", "number")

    def __init__(self, at: int, number: int, item: Item | None) -> None:
        self.at = at
        self.number = number
        self.item = item


class Tables:
    """The client that the shipped Storage is given."""

    def __init__(
        self, scheduler: Scheduler, lag: int, on_said: Written, on_deleted: Deleted | None = None
    ) -> None:
        self._scheduler = scheduler
        self._lag = lag
        self._on_said = on_said
        self._on_deleted = on_deleted
        self._versions: dict[str, dict[Key, list[Version]]] = {CONNECTIONS: {}, LEDGER: {}}
        self.writes = 0

    # -- what the service calls

    def resolve_credentials(self) -> None:
        """Find credentials: they are always there."""

    def put_item(self, **call: Any) -> dict[str, Any]:
        """Put one item, if its condition holds."""
        label = f"put {call['Item']['entry']['S']}"
        invocation = self._scheduler.current().invocation
        invocation.putting = True
        until = self._scheduler.now + CALL_TAKES_AT_MOST
        trouble = self._call(label, until)
        refused = self._put(call)
        if trouble in _TRIED_AGAIN:
            self._scheduler.call(f"{label} again, the answer was lost", until)
            refused = self._put(call)
        if trouble in _ANSWER_LOST:
            self._fail("done, but the answer is lost")
        invocation.putting = False
        if refused is not None:
            raise refused
        return {}

    def delete_item(self, **call: Any) -> dict[str, Any]:
        """Delete one item."""
        table, key = call["TableName"], _key(call["TableName"], call["Key"])
        label = f"delete {table} {' / '.join(key)}"
        trouble = self._call(label)
        self.write(table, key, None)
        if trouble in _TRIED_AGAIN:
            self._scheduler.call(f"{label} again, the answer was lost")
            self.write(table, key, None)
        if trouble in _ANSWER_LOST:
            self._fail("done, but the answer is lost")
        return {}

    def query(self, **call: Any) -> dict[str, Any]:
        """Return a page; every page is a call of its own."""
        values = call["ExpressionAttributeValues"]
        index = call.get("IndexName")
        consistent = bool(call.get("ConsistentRead"))
        self._call(_read_label(values, index, consistent=consistent))
        found = self._found(call, values, consistent=consistent)
        start = call.get("ExclusiveStartKey")
        page = [item for item in found if start is None or item[0] > start["key"]]
        answer: dict[str, Any] = {}
        if len(page) > 1 and self._scheduler.choices.one_in(_PAGE_OF_ONE_IN):
            page = page[:1]
            answer["LastEvaluatedKey"] = {"key": page[0][0]}
        kept = compiled(call["FilterExpression"]) if "FilterExpression" in call else None
        answer["Items"] = [item for _, item in page if kept is None or kept(item, values)]
        if self._scheduler.traced:
            seen = [" / ".join(key) for key, item in page if item in answer["Items"]]
            self._scheduler.note(f"    sees {', '.join(seen) or 'nothing'}")
        return answer

    def batch_write_item(self, **call: Any) -> dict[str, Any]:
        """Write items one after another, or leave some over."""
        left: dict[str, list[dict[str, Any]]] = {}
        until = self._scheduler.now + CALL_TAKES_AT_MOST
        all_requests = [
            (table, request)
            for table, requests in call["RequestItems"].items()
            for request in requests
        ]
        if len(all_requests) > 1 and self._scheduler.choices.one_in(4):
            all_requests.reverse()
        for table, request in all_requests:
            ((kind, body),) = request.items()
            item = body["Item"] if kind == "PutRequest" else body["Key"]
            key = _key(table, item)
            verb = kind.removesuffix("Request").lower()
            trouble = self._call(f"{verb} {table} {' / '.join(key)}", until)
            if trouble in _LEFT_OVER:
                self._scheduler.note("    left over, unprocessed")
                left.setdefault(table, []).append(request)
                continue
            deleted = kind == "DeleteRequest"
            if deleted and self._on_deleted is not None:
                self._on_deleted(table, key)
            self.write(table, key, None if deleted else item)
            if trouble in _ANSWER_LOST:
                self._fail("done, but the answer is lost")
        return {"UnprocessedItems": left} if left else {}

    # -- what the run looks at and does

    def last(self, table: str, key: Key) -> Version | None:
        """Return the newest version of an item."""
        versions = self._versions[table].get(key)
        return versions[-1] if versions else None

    def write(self, table: str, key: Key, item: Item | None) -> None:
        """Let an item be so from now on; None deletes it."""
        self.writes += 1
        version = Version(self._scheduler.now, self.writes, item)
        self._versions[table].setdefault(key, []).append(version)

    def sweep(self) -> None:
        """Delete expired items, some of them, as DynamoDB's TTL does."""
        now = self._scheduler.now // 1000
        for table, items in self._versions.items():
            for key, versions in items.items():
                item = versions[-1].item
                expired = item is not None and int(item["expires_at"]["N"]) < now
                if expired and self._scheduler.choices.one_in(2):
                    self._scheduler.note(f"TTL deletes {table} {' / '.join(key)}")
                    self.write(table, key, None)

    # -- inside

    def _call(self, label: str, until: int | None = None) -> int:
        trouble = self._scheduler.call(label, until)
        if trouble in _FAILS:
            self._fail("fails")
        return trouble

    def _fail(self, why: str) -> None:
        self._scheduler.current().invocation.faulted = True
        self._scheduler.note(f"    {why}")
        raise FaultError(why)

    def _put(self, call: dict[str, Any]) -> ServiceError | None:
        """Put an item, or return why not."""
        item = call["Item"]
        key = _key(call["TableName"], item)
        last = self.last(call["TableName"], key)
        old = (last.item if last else None) or {}
        condition = call.get("ConditionExpression")
        if condition and not compiled(condition)(old, call["ExpressionAttributeValues"]):
            self._scheduler.note("    refused: it is there already")
            return _refused(old)
        self.write(call["TableName"], key, item)
        self._on_said(item)
        return None

    def _found(
        self, call: dict[str, Any], values: dict[str, Any], *, consistent: bool
    ) -> list[tuple[Key, Item]]:
        names = tuple(sorted(call.get("ExpressionAttributeNames", {}).items()))
        matches = compiled(call["KeyConditionExpression"], names)
        found = []
        for key, versions in self._versions[call["TableName"]].items():
            item = (versions[-1] if consistent else self._some(versions)).item
            if item is not None and matches(item, values):
                found.append((key, item))
        found.sort(key=lambda entry: entry[0])
        return found

    def _some(self, versions: list[Version]) -> Version:
        """Return a version that was the newest at some moment within the lag, 0: the newest."""
        moment = self._scheduler.now - self._lag
        count = 0
        for version in reversed(versions):
            count += 1
            if version.at <= moment:
                break
        else:
            count += 1  # from before its first write
        back = self._scheduler.choices.below(count) if count > 1 else 0
        return versions[-1 - back] if back < len(versions) else _ABSENT


_ABSENT = Version(0, 0, None)


def _key(table: str, item: Item) -> Key:
    first, second = _KEYS[table]
    return str(plain(item[first])), str(plain(item[second]))


def _read_label(values: dict[str, Any], index: str | None, *, consistent: bool) -> str:
    what = index or next(
        (name[1:] for name in (":notification", ":subscription") if name in values), "own rows"
    )
    return f"query {what}{'' if index or consistent else ', NOT consistently'}"
