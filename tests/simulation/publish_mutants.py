"""Mutants of a publish: its put, its lookup, and how its posts depend on both."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from greenlet import getcurrent

from lambdas.layer import limits
from lambdas.layer.items import StoredNotification
from lambdas.layer.lookup import Lookup, Subscribers
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.sender import Delivery, Sender
from lambdas.layer.storage import Storage

Replacement = tuple[Any, str, Any]
"""An object, the name of its attribute, and what to put there."""

_FOREVER = 10**15
"""Milliseconds."""

Batches = Iterable[Mapping[str, int]]


def _with_recent(query: Callable[[Storage, Topic], Callable[[], Any]]) -> list[Replacement]:
    begin_lookup = Storage.begin_lookup

    def begin_early(self: Storage, topic: Topic) -> Lookup:
        query_recent = query(self, topic)
        lookup = begin_lookup(self, topic)
        lookup._query_recent = query_recent  # noqa: SLF001 - a mutant has to reach inside
        return lookup

    return [(Storage, "begin_lookup", begin_early)]


def recent_read_before_the_put() -> list[Replacement]:
    """Read the recent subscriptions before the put."""

    def query(storage: Storage, topic: Topic) -> Callable[[], Any]:
        found = storage._recent_subscribers(topic)  # noqa: SLF001 - a mutant has to reach inside
        return lambda: found

    return _with_recent(query)


def recent_read_in_parallel() -> list[Replacement]:
    """Read them in parallel with the put, as the index is."""

    def query(storage: Storage, topic: Topic) -> Callable[[], Any]:
        return storage._executor.submit(storage._recent_subscribers, topic).result  # noqa: SLF001 - as above

    return _with_recent(query)


def retry_not_posted() -> list[Replacement]:
    """Post nothing if the id was stored before."""
    put, broadcast = Storage.put_notification, Sender.broadcast
    again: dict[Any, bool] = {}

    def put_and_remember(
        self: Storage, topic: Topic, notification: StoredNotification
    ) -> StoredNotification | None:
        earlier = put(self, topic, notification)
        again[getcurrent()] = earlier is not None
        return earlier

    def to_nobody(self: Sender, batches: Batches, text: str) -> Delivery:
        return broadcast(self, [] if again.pop(getcurrent()) else batches, text)

    return [(Storage, "put_notification", put_and_remember), (Sender, "broadcast", to_nobody)]


def posted_before_the_put() -> list[Replacement]:
    """Post before the put."""
    put, broadcast = Storage.put_notification, Sender.broadcast
    later: dict[Any, tuple[Storage, Topic, StoredNotification]] = {}

    def postpone(self: Storage, topic: Topic, notification: StoredNotification) -> None:
        later[getcurrent()] = self, topic, notification

    def post_first(self: Sender, batches: Batches, text: str) -> Delivery:
        delivery = broadcast(self, batches, text)
        put(*later.pop(getcurrent()))
        return delivery

    return [(Storage, "put_notification", postpone), (Sender, "broadcast", post_first)]


def posted_in_any_case() -> list[Replacement]:
    """Post although the put failed or was not answered, and raise after that."""
    put, broadcast = Storage.put_notification, Sender.broadcast
    failed: dict[Any, Exception] = {}

    def hold_back(
        self: Storage, topic: Topic, notification: StoredNotification
    ) -> StoredNotification | None:
        try:
            return put(self, topic, notification)
        except Exception as error:  # noqa: BLE001 - raised below
            failed[getcurrent()] = error
            return None

    def post_and_fail(self: Sender, batches: Batches, text: str) -> Delivery:
        delivery = broadcast(self, batches, text)
        if (error := failed.pop(getcurrent(), None)) is not None:
            raise error
        return delivery

    return [(Storage, "put_notification", hold_back), (Sender, "broadcast", post_and_fail)]


def new_text_posted() -> list[Replacement]:
    """Post its own text, not the one stored with the same id."""
    put = Storage.put_notification

    def put_new(self: Storage, topic: Topic, notification: StoredNotification) -> None:
        put(self, topic, notification)

    return [(Storage, "put_notification", put_new)]


def recent_ignored_after_the_index() -> list[Replacement]:
    """Read the recent subscriptions only where the index found none."""
    batches = Lookup.batches

    def up_to_the_first_found(self: Lookup) -> Iterator[Subscribers]:
        for batch in batches(self):
            yield batch
            if batch:
                return

    return [(Lookup, "batches", up_to_the_first_found)]


def index_failure_hidden() -> list[Replacement]:
    """Take a failed index query for an empty one."""
    indexed = Storage._indexed_subscribers  # noqa: SLF001 - a mutant has to reach inside

    def empty_on_failure(self: Storage, topic: Topic) -> Subscribers:
        try:
            return indexed(self, topic)
        except Exception:  # noqa: BLE001 - the mutant
            return {}

    return [(Storage, "_indexed_subscribers", empty_on_failure)]


def found_twice_and_posted_twice() -> list[Replacement]:
    """Yield the subscribers of each query, also those that an earlier one found."""
    unexpired = Lookup._unexpired  # noqa: SLF001 - a mutant has to reach inside

    def with_known(found: Subscribers, now: int, without: Subscribers | None = None) -> Subscribers:
        del without
        return unexpired(found, now)

    return [(Lookup, "_unexpired", staticmethod(with_known))]


def index_queried_once() -> list[Replacement]:
    """Use the result of the index query however old it is."""
    return [(limits, "LOOKUP_BUDGET_MS", _FOREVER)]


def receipt_for_a_late_put() -> list[Replacement]:
    """Return a receipt however long after its `sent_at` a notification was stored."""
    return [(limits, "STORED_WITHIN_MS", _FOREVER)]
