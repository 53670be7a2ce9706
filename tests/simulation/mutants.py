"""Mutants of the shipped code, each of which the search must find."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

from greenlet import getcurrent

from lambdas.layer import items, storage
from lambdas.layer.aws import batches
from lambdas.layer.handler import Handler
from lambdas.layer.items import StoredNotification
from lambdas.layer.post import Outcome, PostResult
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage
from tests.kit.dynamodb import CONNECTIONS, LEDGER
from tests.simulation import poll_mutants, post_mutants, publish_mutants
from tests.simulation.publish_mutants import Replacement

_NEVER = 10**15
"""Milliseconds since 1970."""


def _recent_inconsistent() -> list[Replacement]:
    pages = Storage._pages  # noqa: SLF001 - a mutant has to reach inside

    def stale(self: Storage, **query: Any) -> Iterator[dict[str, Any]]:
        if ":subscription" in query["ExpressionAttributeValues"]:
            query.pop("ConsistentRead")
        return pages(self, **query)

    return [(Storage, "_pages", stale)]


def _recent_not_written() -> list[Replacement]:
    write = Storage._write  # noqa: SLF001 - a mutant has to reach inside

    def without_recent(self: Storage, requests: Iterable[batches.Request]) -> None:
        kept = [
            one for one in requests if "entry" not in one[1].get("PutRequest", {}).get("Item", {})
        ]
        write(self, kept)

    return [(Storage, "_write", without_recent)]


def _notifications_read_first() -> list[Replacement]:
    subscribe, notifications = Storage.subscribe, Storage.notifications
    later: dict[Any, tuple[Any, ...]] = {}

    def postpone(_self: Storage, *arguments: Any) -> None:
        later[getcurrent()] = arguments

    def read_first(
        self: Storage, topic: Topic, after_ms: int = 0, *, spare: int = 0
    ) -> list[StoredNotification]:
        missed = notifications(self, topic, after_ms, spare=spare)
        if not spare:  # which a poll asks for
            subscribe(self, *later.pop(getcurrent()))
        return missed

    return [(Storage, "subscribe", postpone), (Storage, "notifications", read_first)]


def _expired_subscriptions(table: str) -> Callable[[], list[Replacement]]:
    def replace() -> list[Replacement]:
        expires_at_ms = items.expires_at_ms

        def never(item: items.Item) -> int:
            of_table = LEDGER if "entry" in item else CONNECTIONS
            return _NEVER if of_table == table else expires_at_ms(item)

        return [(items, "expires_at_ms", never)]

    return replace


def _expired_notifications() -> list[Replacement]:
    pages = Storage._pages  # noqa: SLF001 - a mutant has to reach inside

    def everything(self: Storage, **query: Any) -> Iterator[dict[str, Any]]:
        if ":notification" in query["ExpressionAttributeValues"]:
            query["ExpressionAttributeValues"][":now"] = {"N": "0"}
        return pages(self, **query)

    return [(Storage, "_pages", everything)]


def _token_expiry_ignored() -> list[Replacement]:
    subscribe = Storage.subscribe

    def longer(
        self: Storage,
        connection_id: str,
        topic: Topic,
        expires: int,
        _token_expires: int | None = None,
    ) -> None:
        subscribe(self, connection_id, topic, expires)

    return [(Storage, "subscribe", longer)]


def _oldest_replayed() -> list[Replacement]:
    def oldest(
        count: int, found: Iterable[StoredNotification], key: Callable[[StoredNotification], Any]
    ) -> list[StoredNotification]:
        return sorted(found, key=key)[:count][::-1]

    return [(storage, "heapq", SimpleNamespace(nlargest=oldest))]


def _contents_by_length() -> list[Replacement]:
    return [(items, "_content", lambda notification: str(len(notification.text)))]


def _not_pruned() -> list[Replacement]:
    def keep(_self: Handler, _topic: Topic, _gone: Collection[str]) -> None:
        pass

    return [(Handler, "_prune", keep)]


def _failed_replay_hidden() -> list[Replacement]:
    replay = Sender.replay

    def hide(self: Sender, *arguments: Any) -> PostResult:
        result = replay(self, *arguments)
        failed = result.outcome is Outcome.FAILED
        return PostResult(result.connection_id, Outcome.ACCEPTED) if failed else result

    return [(Sender, "replay", hide)]


def _merchant_ignored() -> list[Replacement]:
    return [(Topic, "key", property(lambda topic: f"#{topic.ref}"))]


def _recent_expires_early() -> list[Replacement]:
    recent_key = items.recent_subscription_key
    put = items.put_request

    def put_shortly(key: items.Item, expires_at_ms: int) -> dict[str, Any]:
        short = key.keys() == recent_key("", "").keys()
        return put(key, expires_at_ms - 4 * 60_000 if short else expires_at_ms)

    return [(items, "put_request", put_shortly)]


MUTANTS: dict[str, Callable[[], list[Replacement]]] = {
    "recent subscriptions read before the put": publish_mutants.recent_read_before_the_put,
    "notifications not read consistently": partial(poll_mutants.read_inconsistently, polled=False),
    "recent subscriptions not read consistently": _recent_inconsistent,
    "recent subscriptions not written": _recent_not_written,
    "a retry with the same id not posted": publish_mutants.retry_not_posted,
    "notifications read before the subscription is written": _notifications_read_first,
    "recent subscriptions kept for 1 minute instead of 5": _recent_expires_early,
    "rows of gone connections not pruned": _not_pruned,
    "a failed replay answered with subscribed": _failed_replay_hidden,
    "a replay without overlap before since": partial(poll_mutants.no_overlap, "_subscribe"),
    "a poll whose now is taken after the read": poll_mutants.now_taken_after_the_read,
    "a poll that does not read consistently": partial(
        poll_mutants.read_inconsistently, polled=True
    ),
    "a poll without overlap before since": partial(poll_mutants.no_overlap, "_poll"),
    "topic keys without the merchant": _merchant_ignored,
    "a failed post not retried": post_mutants.not_retried,
    "contents with the same id compared by length": _contents_by_length,
    "the oldest replayed instead of the newest": _oldest_replayed,
    "a subscription that outlives its token": _token_expiry_ignored,
    "posts retried after the token has expired": post_mutants.retried_after_expiry,
    "expired subscriptions of the index posted to": _expired_subscriptions(CONNECTIONS),
    "expired recent subscriptions posted to": _expired_subscriptions(LEDGER),
    "expired notifications replayed": _expired_notifications,
    "recent subscriptions read in parallel with the put": publish_mutants.recent_read_in_parallel,
    "posts before the put": publish_mutants.posted_before_the_put,
    "posts although the put failed or was not answered": publish_mutants.posted_in_any_case,
    "new content posted with an id that has other content": publish_mutants.new_text_posted,
    "recent subscriptions not read if the index has some": (
        publish_mutants.recent_ignored_after_the_index
    ),
    "a failed index query taken for an empty one": publish_mutants.index_failure_hidden,
    "subscribers in both index and ledger posted to twice": (
        publish_mutants.found_twice_and_posted_twice
    ),
    "the index not queried again after a suspension": publish_mutants.index_queried_once,
    "a receipt for a notification stored too late": publish_mutants.receipt_for_a_late_put,
    "the first 410 believed": post_mutants.first_410_believed,
    "a second 410 believed without a pause": post_mutants.confirmed_without_a_pause,
    "a 400 taken for gone although the id is valid": post_mutants.any_400_taken_for_gone,
}
"""By name. The first five break the order of steps, or what it depends on."""


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Put a mutant in place, and restore the shipped code at the end of the block."""
    replacements = MUTANTS[name]()
    shipped = [vars(owner)[attribute] for owner, attribute, _ in replacements]
    for owner, attribute, value in replacements:
        setattr(owner, attribute, value)
    try:
        yield
    finally:
        for (owner, attribute, _), value in zip(replacements, shipped, strict=True):
            setattr(owner, attribute, value)
