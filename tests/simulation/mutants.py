"""Ways to break the shipped code, each of which the proof must find. Undone when the block ends."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from greenlet import getcurrent

from lambdas.layer import handler, items, limits, storage
from lambdas.layer.aws import batches
from lambdas.layer.handler import Handler
from lambdas.layer.items import StoredNotification
from lambdas.layer.post import Outcome, PostResult
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage
from tests.simulation import post_mutants, publish_mutants
from tests.simulation.publish_mutants import Replacement

_NEVER = 10**15
"""Milliseconds since 1970."""


def _inconsistent(name: str) -> Callable[[], list[Replacement]]:
    def replace() -> list[Replacement]:
        pages = Storage._pages  # noqa: SLF001 - a break has to reach inside

        def stale(self: Storage, **query: Any) -> Iterator[dict[str, Any]]:
            if name in query["ExpressionAttributeValues"]:
                query.pop("ConsistentRead")
            return pages(self, **query)

        return [(Storage, "_pages", stale)]

    return replace


def _joined_not_written() -> list[Replacement]:
    write = Storage._write  # noqa: SLF001 - a break has to reach inside

    def leave_out(self: Storage, requests: Iterable[batches.Request]) -> None:
        kept = [
            one for one in requests if "entry" not in one[1].get("PutRequest", {}).get("Item", {})
        ]
        write(self, kept)

    return [(Storage, "_write", leave_out)]


def _read_before_joined() -> list[Replacement]:
    subscribe, notifications = Storage.subscribe, Storage.notifications
    later: dict[Any, tuple[Any, ...]] = {}

    def put_off(_self: Storage, *arguments: Any) -> None:
        later[getcurrent()] = arguments

    def read_first(self: Storage, topic: Topic, after_ms: int = 0) -> list[StoredNotification]:
        missed = notifications(self, topic, after_ms)
        subscribe(self, *later.pop(getcurrent()))
        return missed

    return [(Storage, "subscribe", put_off), (Storage, "notifications", read_first)]


def _expired_not_left_out(table: str) -> Callable[[], list[Replacement]]:
    def replace() -> list[Replacement]:
        expires_at_ms = items.expires_at_ms

        def never(item: items.Item) -> int:
            of_table = "ledger" if "entry" in item else "connections"
            return _NEVER if of_table == table else expires_at_ms(item)

        return [(items, "expires_at_ms", never)]

    return replace


def _expired_replayed() -> list[Replacement]:
    pages = Storage._pages  # noqa: SLF001 - a break has to reach inside

    def everything(self: Storage, **query: Any) -> Iterator[dict[str, Any]]:
        if ":notification" in query["ExpressionAttributeValues"]:
            query["ExpressionAttributeValues"][":now"] = {"N": "0"}
        return pages(self, **query)

    return [(Storage, "_pages", everything)]


def _token_end_forgotten() -> list[Replacement]:
    subscribe = Storage.subscribe

    def longer(
        self: Storage, connection_id: str, topic: Topic, end: int, _token_end: int | None = None
    ) -> None:
        subscribe(self, connection_id, topic, end)

    return [(Storage, "subscribe", longer)]


def _oldest_replayed() -> list[Replacement]:
    def oldest(
        count: int, lines: Iterable[StoredNotification], key: Callable[[StoredNotification], Any]
    ) -> list[StoredNotification]:
        return sorted(lines, key=key)[:count][::-1]

    return [(storage, "heapq", SimpleNamespace(nlargest=oldest))]


def _contents_by_length() -> list[Replacement]:
    return [(handler, "_content", lambda line: str(len(line.text)))]


def _dead_rows_kept() -> list[Replacement]:
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


def _no_overlap() -> list[Replacement]:
    return [(limits, "REPLAY_OVERLAP_MS", 0)]


def _merchant_forgotten() -> list[Replacement]:
    return [(Topic, "key", property(lambda topic: f"#{topic.ref}"))]


def _joined_too_short() -> list[Replacement]:
    recent_key = items.recent_subscription_key
    put = items.put_request

    def put_shortly(key: items.Item, expires_at_ms: int) -> dict[str, Any]:
        short = key.keys() == recent_key("", "").keys()
        return put(key, expires_at_ms - 4 * 60_000 if short else expires_at_ms)

    return [(items, "put_request", put_shortly)]


BREAKS: dict[str, Callable[[], list[Replacement]]] = {
    "lookup before store": publish_mutants.recent_read_before_the_put,
    "what was said, not read consistently": _inconsistent(":notification"),
    "who joined, not read consistently": _inconsistent(":subscription"),
    "joined not written": _joined_not_written,
    "a retry with the same id not posted": publish_mutants.retry_not_posted,
    "what was said read before joined is written": _read_before_joined,
    "joined kept for 1 minute instead of 5": _joined_too_short,
    "dead rows kept": _dead_rows_kept,
    "a failed replay answered with subscribed": _failed_replay_hidden,
    "a replay that does not reach back behind since": _no_overlap,
    "a key without its merchant": _merchant_forgotten,
    "a post that failed once not tried again": post_mutants.tried_once,
    "an id used for other content of the same length": _contents_by_length,
    "the oldest replayed instead of the newest": _oldest_replayed,
    "a subscription that outlives its token": _token_end_forgotten,
    "posts that go on after the end of a token": post_mutants.posted_after_the_end,
    "expired subscriptions not left out": _expired_not_left_out("connections"),
    "who joined, expired, not left out": _expired_not_left_out("ledger"),
    "what was said, expired, not left out": _expired_replayed,
    "who joined, read beside the put": publish_mutants.recent_read_beside_the_put,
    "a post before the put": publish_mutants.posted_before_the_put,
    "a post although the put failed or was not answered": publish_mutants.posted_in_any_case,
    "the new text posted where its id has another": publish_mutants.new_text_posted,
    "who joined, not read where the index found some": publish_mutants.only_the_index_believed,
    "a failed index query taken for an empty one": publish_mutants.index_failure_hidden,
    "who was found by both posted to twice": publish_mutants.found_twice_posted_twice,
    "the index not asked again after a suspension": publish_mutants.index_asked_once,
    "a receipt for what was stored too late": publish_mutants.late_put_confirmed,
    "the first 410 believed": post_mutants.first_410_believed,
    "a second 410 believed at once": post_mutants.confirmed_at_once,
    "a 400 believed of what may be an id": post_mutants.any_400_believed,
}
"""The first five are those that the order of steps stands on."""


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Break the shipped code by one of BREAKS."""
    replacements = BREAKS[name]()
    shipped = [vars(owner)[attribute] for owner, attribute, _ in replacements]
    for owner, attribute, value in replacements:
        setattr(owner, attribute, value)
    try:
        yield
    finally:
        for (owner, attribute, _), value in zip(replacements, shipped, strict=True):
            setattr(owner, attribute, value)
