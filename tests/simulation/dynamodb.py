"""DynamoDB as bad as it may be: an index that lags, reads that may be stale, writes that fail.

- A consistent query sees every write that is done. Any other, the index's above all, sees each item
  as it was at some moment of the last `lag` milliseconds: another moment for each item and read.
- BatchWriteItem is not a transaction: its items are written one after another, others may read
  between them, and it may leave some over.
- A call may fail before or after it has its effect, or have it twice: its answer was lost and the
  client under it tried again.
- Expired items stay until a sweep, which deletes some of them, or none.
"""

from collections.abc import Callable
from typing import Any

from lambdas.layer.aws.errors import ServiceError
from tests.kit.dynamodb import CONNECTIONS, Effect, FakeDynamoDb, Found, Key, Version
from tests.kit.expressions import Item
from tests.simulation.scheduler import CALL_TAKES_AT_MOST, Scheduler

_FAILS = {1, 2}
_ANSWER_LOST = {3, 4}
_TRIED_AGAIN = _LEFT_OVER = {5, 6, 7}
"""Of the scheduler's faults."""

_PAGE_OF_ONE_IN = 8

Stored = Callable[[Item], None]
Deleted = Callable[[Key], None]


class FaultError(RuntimeError):
    """DynamoDB did not do its part, as the run chose."""


class UnreliableDynamoDb(FakeDynamoDb):
    """The client that the shipped Storage is given; every call is a step of the scheduler.

    `on_stored` is told of each notification that is put, `on_deleted` of each subscription that a
    batch deletes.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        lag: int,
        on_stored: Stored,
        on_deleted: Deleted = lambda _key: None,
    ) -> None:
        super().__init__()
        self._scheduler = scheduler
        self._lag = lag
        self._on_stored = on_stored
        self._on_deleted = on_deleted

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

    def _now(self) -> int:
        return self._scheduler.now

    # -- writes

    def _put_item(self, call: dict[str, Any]) -> dict[str, Any]:
        invocation = self._scheduler.current().invocation
        invocation.putting = True
        try:
            result = super()._put_item(call)
        except ServiceError:
            invocation.putting = False
            raise
        invocation.putting = False
        return result

    def _put(self, call: dict[str, Any], key: Key) -> ServiceError | None:
        refused = super()._put(call, key)
        if refused is None:
            self._on_stored(call["Item"])
        else:
            self._scheduler.note("    refused: it is there already")
        return refused

    def _perform(self, label: str, effect: Effect) -> ServiceError | None:
        deadline = self._scheduler.now + CALL_TAKES_AT_MOST
        fault = self._begin(label, deadline)
        refused = effect()
        if fault in _TRIED_AGAIN:
            self._scheduler.call(f"{label} again, the answer was lost", deadline)
            refused = effect()
        if fault in _ANSWER_LOST:
            self._fail("done, but the answer is lost")
        return refused

    def _batch_write_item(self, call: dict[str, Any]) -> dict[str, Any]:
        self._scheduler.current().batch_deadline = self._scheduler.now + CALL_TAKES_AT_MOST
        return super()._batch_write_item(call)

    def _ordered(self, requests: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        ordered = super()._ordered(requests)
        if len(ordered) > 1 and self._scheduler.choices.one_in(4):
            ordered.reverse()
        return ordered

    def _write_one_of(self, label: str, effect: Effect) -> bool:
        fault = self._begin(label, self._scheduler.current().batch_deadline)
        if fault in _LEFT_OVER:
            self._scheduler.note("    left over, unprocessed")
            return False
        effect()
        if fault in _ANSWER_LOST:
            self._fail("done, but the answer is lost")
        return True

    def _delete_one_of(self, table: str, key: Key) -> None:
        if table == CONNECTIONS:
            self._on_deleted(key)
        super()._delete_one_of(table, key)

    # -- reads

    def _query(self, call: dict[str, Any]) -> dict[str, Any]:
        self._begin(_read_label(call))
        result = super()._query(call)
        if self._scheduler.traced:
            keys = self._shapes[call["TableName"]].keys
            seen = [" / ".join(item[name]["S"] for name in keys) for item in result["Items"]]
            self._scheduler.note(f"    sees {', '.join(seen) or 'nothing'}")
        return result

    def _visible(self, versions: list[Version], *, consistent: bool) -> Item | None:
        """Return an item as it was at some moment within the lag; consistently, as it is."""
        if consistent:
            return versions[-1].item
        moment = self._scheduler.now - self._lag
        count = 0
        for version in reversed(versions):
            count += 1
            if version.at <= moment:
                break
        else:
            count += 1  # from before its first write
        back = self._scheduler.choices.below(count) if count > 1 else 0
        return versions[-1 - back].item if back < len(versions) else None

    def _page(self, call: dict[str, Any], found: list[Found]) -> list[Found]:
        del call
        if len(found) > 1 and self._scheduler.choices.one_in(_PAGE_OF_ONE_IN):
            return found[:1]
        return found

    # -- steps

    def _begin(self, label: str, deadline: int | None = None) -> int:
        fault = self._scheduler.call(label, deadline)
        if fault in _FAILS:
            self._fail("fails")
        return fault

    def _fail(self, reason: str) -> None:
        self._scheduler.current().invocation.faulted = True
        self._scheduler.note(f"    {reason}")
        raise FaultError(reason)


def _read_label(call: dict[str, Any]) -> str:
    values = call["ExpressionAttributeValues"]
    index = call.get("IndexName")
    of = index or next(
        (name[1:] for name in (":notification", ":subscription") if name in values), "own rows"
    )
    consistent = index or call.get("ConsistentRead")
    return f"query {of}{'' if consistent else ', NOT consistently'}"
