"""Ways to break a publish: its put, its lookup, and what stands between them and its posts."""

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


def _recent_read_early(ask: Callable[[Storage, Topic], Callable[[], Any]]) -> list[Replacement]:
    begin_lookup = Storage.begin_lookup

    def begin_early(self: Storage, topic: Topic) -> Lookup:
        answer = ask(self, topic)
        lookup = begin_lookup(self, topic)
        lookup._query_recent = answer  # noqa: SLF001 - a break has to reach inside
        return lookup

    return [(Storage, "begin_lookup", begin_early)]


def recent_read_before_the_put() -> list[Replacement]:
    """Let a publish read who joined first, and then write what is said."""

    def ask(storage: Storage, topic: Topic) -> Callable[[], Any]:
        answer = storage._recent_subscribers(topic)  # noqa: SLF001 - a break has to reach inside
        return lambda: answer

    return _recent_read_early(ask)


def recent_read_beside_the_put() -> list[Replacement]:
    """Let it do so at the same time, as with the index."""

    def ask(storage: Storage, topic: Topic) -> Callable[[], Any]:
        return storage._executor.submit(storage._recent_subscribers, topic).result  # noqa: SLF001 - as above

    return _recent_read_early(ask)


def retry_not_posted() -> list[Replacement]:
    """Let it post nothing where its id was stored before."""
    put, broadcast = Storage.put_notification, Sender.broadcast
    again: dict[Any, bool] = {}

    def put_and_note(
        self: Storage, topic: Topic, notification: StoredNotification
    ) -> StoredNotification | None:
        earlier = put(self, topic, notification)
        again[getcurrent()] = earlier is not None
        return earlier

    def to_nobody(self: Sender, batches: Batches, text: str) -> Delivery:
        return broadcast(self, [] if again.pop(getcurrent()) else batches, text)

    return [(Storage, "put_notification", put_and_note), (Sender, "broadcast", to_nobody)]


def posted_before_the_put() -> list[Replacement]:
    """Let it post first, and then write."""
    put, broadcast = Storage.put_notification, Sender.broadcast
    later: dict[Any, tuple[Storage, Topic, StoredNotification]] = {}

    def put_off(self: Storage, topic: Topic, notification: StoredNotification) -> None:
        later[getcurrent()] = self, topic, notification

    def post_first(self: Sender, batches: Batches, text: str) -> Delivery:
        delivery = broadcast(self, batches, text)
        put(*later.pop(getcurrent()))
        return delivery

    return [(Storage, "put_notification", put_off), (Sender, "broadcast", post_first)]


def posted_in_any_case() -> list[Replacement]:
    """Let it post although its write failed or was not answered, and fail only then."""
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
    """Let it post its own text, not the one that is stored under its id."""
    put = Storage.put_notification

    def put_new(self: Storage, topic: Topic, notification: StoredNotification) -> None:
        put(self, topic, notification)

    return [(Storage, "put_notification", put_new)]


def only_the_index_believed() -> list[Replacement]:
    """Let it read who joined only where the index found nobody."""
    batches = Lookup.batches

    def up_to_the_first(self: Lookup) -> Iterator[Subscribers]:
        for batch in batches(self):
            yield batch
            if batch:
                return

    return [(Lookup, "batches", up_to_the_first)]


def index_failure_hidden() -> list[Replacement]:
    """Take an index query that failed for one that found nobody."""
    indexed = Storage._indexed_subscribers  # noqa: SLF001 - a break has to reach inside

    def nobody_then(self: Storage, topic: Topic) -> Subscribers:
        try:
            return indexed(self, topic)
        except Exception:  # noqa: BLE001 - the break
            return {}

    return [(Storage, "_indexed_subscribers", nobody_then)]


def found_twice_posted_twice() -> list[Replacement]:
    """Take each answer as it is, whoever was in the one before."""
    unexpired = Lookup._unexpired  # noqa: SLF001 - a break has to reach inside

    def with_all(answer: Subscribers, now: int, without: Subscribers | None = None) -> Subscribers:
        del without
        return unexpired(answer, now)

    return [(Lookup, "_unexpired", staticmethod(with_all))]


def index_asked_once() -> list[Replacement]:
    """Believe the index's answer however long ago it was asked."""
    return [(limits, "LOOKUP_BUDGET_MS", _FOREVER)]


def late_put_confirmed() -> list[Replacement]:
    """Give a receipt for what was stored however long after its `sent_at`."""
    return [(limits, "STORED_WITHIN_MS", _FOREVER)]
