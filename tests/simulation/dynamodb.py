"""A model of DynamoDB with all its faults: a lagging index, stale reads, writes that fail.

- A consistent query sees every write that is done. Any other, of the index too, sees each item as
  it was at some moment of the last `lag` milliseconds: another moment for each item and read.
- BatchWriteItem is not a transaction: its items are written one after another, others may read
  between them, and some may be unprocessed.
- A call may fail before or after its effect, or have it twice: the response was lost, and the
  client tried again.
- On a slow network the response to a query may take the rest of its 3 seconds, and a write may be
  held up: its caller gives up, and it arrives up to 10 seconds after it was sent.
- Expired items stay until a sweep, which deletes some of them, or none.
"""

from collections.abc import Callable
from typing import Any

from lambdas.layer.aws.errors import ServiceError
from tests.kit.dynamodb import CONNECTIONS, Effect, FakeDynamoDb, Found, Key, Version
from tests.kit.expressions import Item
from tests.simulation.scheduler import CALL_TAKES_AT_MOST, Scheduler

_FAILS = {1, 2}
_RESPONSE_LOST = {3, 4}
_RETRIED = _UNPROCESSED = {5, 6, 7}
"""By the scheduler's faults."""

_PAGE_OF_ONE_ITEM_IN = 8

_HELD_UP_ONE_IN = 2
_HELD_UP = (5_900, 7_900, 9_900)
_RESPONSE_TAKES = (0, CALL_TAKES_AT_MOST)
"""Milliseconds, on a slow network."""


class FaultError(RuntimeError):
    """A call failed, as the run chose."""


class UnreliableDynamoDb(FakeDynamoDb):
    """The client that the shipped Storage is given; every call is a step of the scheduler.

    `on_stored` is told of each notification that is put, `on_deleted` of each subscription that a
    batch deletes.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        lag: int,
        on_stored: Callable[[Item], None],
        on_deleted: Callable[[Key], None] = lambda _key: None,
        *,
        slow_network: bool = False,
    ) -> None:
        super().__init__()
        self._slow_network = slow_network
        self._scheduler = scheduler
        self._lag = lag
        self._on_stored = on_stored
        self._on_deleted = on_deleted

    def sweep(self) -> None:
        """Delete some of the expired items, as DynamoDB's TTL does."""
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
        invocation.put_pending = True
        try:
            result = super()._put_item(call)
        except ServiceError:
            invocation.put_pending = False
            raise
        invocation.put_pending = False
        return result

    def _put(self, call: dict[str, Any], key: Key) -> ServiceError | None:
        refused = super()._put(call, key)
        if refused is None:
            self._on_stored(call["Item"])
        else:
            self._scheduler.note("    refused: it exists")
        return refused

    def _perform(self, label: str, effect: Effect) -> ServiceError | None:
        deadline = self._scheduler.now + CALL_TAKES_AT_MOST
        fault = self._begin(label, deadline)
        if self._slow_network and self._scheduler.choices.one_in(_HELD_UP_ONE_IN):
            self._hold_up(label, effect, deadline)
        refused = effect()
        if fault in _RETRIED:
            self._scheduler.call(f"{label} again, the response was lost", deadline)
            refused = effect()
        if fault in _RESPONSE_LOST:
            self._fail("done, but the response is lost")
        return refused

    def _hold_up(self, label: str, effect: Effect, deadline: int) -> None:
        """Let a write arrive later, and give up waiting for it at the deadline."""
        sent = deadline - CALL_TAKES_AT_MOST
        arrives = sent + self._scheduler.choices.of(_HELD_UP)
        self._scheduler.hold_up(f"held up: {label}", effect, sent, arrives)
        self._scheduler.sleep(self._left(deadline) / 1000)
        self._fail(f"no response to: {label}")

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
        if fault in _UNPROCESSED:
            self._scheduler.note("    unprocessed")
            return False
        effect()
        if fault in _RESPONSE_LOST:
            self._fail("done, but the response is lost")
        return True

    def _delete_one_of(self, table: str, key: Key) -> None:
        if table == CONNECTIONS:
            self._on_deleted(key)
        super()._delete_one_of(table, key)

    # -- reads

    def _query(self, call: dict[str, Any]) -> dict[str, Any]:
        deadline = self._scheduler.now + CALL_TAKES_AT_MOST
        self._begin(_read_label(call), deadline)
        result = super()._query(call)
        if self._scheduler.traced:
            keys = self._shapes[call["TableName"]].keys
            seen = [" / ".join(item[name]["S"] for name in keys) for item in result["Items"]]
            self._scheduler.note(f"    sees {', '.join(seen) or 'nothing'}")
        if self._slow_network:
            takes = self._scheduler.choices.of(_RESPONSE_TAKES)
            self._scheduler.sleep(min(takes, self._left(deadline)) / 1000)
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
        if len(found) > 1 and self._scheduler.choices.one_in(_PAGE_OF_ONE_ITEM_IN):
            return found[:1]
        return found

    # -- steps

    def _begin(self, label: str, deadline: int | None = None) -> int:
        fault = self._scheduler.call(label, deadline)
        if fault in _FAILS:
            self._fail("fails")
        return fault

    def _left(self, moment: int) -> int:
        """Return the milliseconds until then; a suspended process may go on after it."""
        return max(0, moment - self._scheduler.now)

    def _fail(self, reason: str) -> None:
        self._scheduler.current().invocation.faulted = True
        self._scheduler.note(f"    {reason}")
        raise FaultError(reason)


def _read_label(call: dict[str, Any]) -> str:
    values = call["ExpressionAttributeValues"]
    index = call.get("IndexName")
    kinds = (name[1:] for name in (":notification", ":subscription") if name in values)
    consistent = index or call.get("ConsistentRead")
    return f"query {index or next(kinds, 'own rows')}{'' if consistent else ', NOT consistently'}"
