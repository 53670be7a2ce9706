"""Ways to break the shipped code, each of which the proof must find. Undone when the block ends."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from greenlet import getcurrent

from lambdas.layer import batches, handler, items, limits, storage
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.items import Said
from lambdas.layer.sender import Outcome, Post, Sender
from lambdas.layer.storage import Storage
from lambdas.layer.topic import Topic

Replacement = tuple[Any, str, Any]
"""An object, the name of its attribute, and what to put there."""

_NEVER = 10**15
"""Milliseconds since 1970."""


def _lookup_before_store() -> list[Replacement]:
    """Let a publish read who listens first, and then write what is said."""
    say, listeners = Storage.say, Storage.listeners
    early: dict[Any, dict[str, int]] = {}

    def say_late(self: Storage, topic: Topic, line: Said) -> Said | None:
        early[getcurrent()] = listeners(self, topic)
        return say(self, topic, line)

    def found_early(_self: Storage, _topic: Topic) -> dict[str, int]:
        return early.pop(getcurrent())

    return [(Storage, "say", say_late), (Storage, "listeners", found_early)]


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
            one for one in requests if "line" not in one[1].get("PutRequest", {}).get("Item", {})
        ]
        write(self, kept)

    return [(Storage, "_write", leave_out)]


def _retry_not_posted() -> list[Replacement]:
    say, listeners = Storage.say, Storage.listeners
    again: dict[Any, bool] = {}

    def say_and_tell(self: Storage, topic: Topic, line: Said) -> Said | None:
        earlier = say(self, topic, line)
        again[getcurrent()] = earlier is not None
        return earlier

    def nobody(self: Storage, topic: Topic) -> dict[str, int]:
        return {} if again.pop(getcurrent()) else listeners(self, topic)

    return [(Storage, "say", say_and_tell), (Storage, "listeners", nobody)]


def _read_before_joined() -> list[Replacement]:
    subscribe, said = Storage.subscribe, Storage.said
    later: dict[Any, tuple[Any, ...]] = {}

    def put_off(_self: Storage, *arguments: Any) -> None:
        later[getcurrent()] = arguments

    def read_first(self: Storage, topic: Topic, after: int = 0) -> list[Said]:
        missed = said(self, topic, after)
        subscribe(self, *later.pop(getcurrent()))
        return missed

    return [(Storage, "subscribe", put_off), (Storage, "said", read_first)]


def _expired_not_left_out(table: str) -> Callable[[], list[Replacement]]:
    def replace() -> list[Replacement]:
        end = items.end

        def never(item: items.Item) -> int:
            of_table = "ledger" if "line" in item else "connections"
            return _NEVER if of_table == table else end(item)

        return [(items, "end", never)]

    return replace


def _expired_replayed() -> list[Replacement]:
    pages = Storage._pages  # noqa: SLF001 - a break has to reach inside

    def everything(self: Storage, **query: Any) -> Iterator[dict[str, Any]]:
        if ":said" in query["ExpressionAttributeValues"]:
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


def _tried_once() -> list[Replacement]:
    def once(self: Sender, connection_id: str, data: bytes, _end: float) -> Post:
        try:
            status = self._api.post(connection_id, data, 1.0)
        except TransportError:
            return Post(connection_id, Outcome.FAILED)
        outcomes = {200: Outcome.ACCEPTED, 410: Outcome.GONE, 400: Outcome.GONE}
        return Post(connection_id, outcomes.get(status, Outcome.FAILED))

    return [(Sender, "_post", once)]


def _oldest_replayed() -> list[Replacement]:
    def oldest(count: int, lines: Iterable[Said], key: Callable[[Said], Any]) -> list[Said]:
        return sorted(lines, key=key)[:count][::-1]

    return [(storage, "heapq", SimpleNamespace(nlargest=oldest))]


def _contents_by_length() -> list[Replacement]:
    return [(handler, "_content", lambda line: str(len(line.notification)))]


def _dead_rows_kept() -> list[Replacement]:
    def keep(_self: Sender, _topic: Topic, _gone: list[str]) -> None:
        pass

    return [(Sender, "_forget", keep)]


def _failed_replay_hidden() -> list[Replacement]:
    replay = Sender.replay

    def hide(self: Sender, *arguments: Any) -> Post:
        post = replay(self, *arguments)
        failed = post.outcome is Outcome.FAILED
        return Post(post.connection_id, Outcome.ACCEPTED) if failed else post

    return [(Sender, "replay", hide)]


def _posted_after_the_end() -> list[Replacement]:
    return [(Sender, "_sooner", lambda _self, end, _until: end)]


def _no_overlap() -> list[Replacement]:
    return [(limits, "REPLAY_OVERLAP_MS", 0)]


def _merchant_forgotten() -> list[Replacement]:
    return [(Topic, "key", property(lambda topic: f"#{topic.ref}"))]


def _joined_too_short() -> list[Replacement]:
    joined = items.joined
    put = items.put

    def put_shortly(key: items.Item, expires_at: int) -> dict[str, Any]:
        short = key.keys() == joined("", "").keys()
        return put(key, expires_at - 4 * 60_000 if short else expires_at)

    return [(items, "put", put_shortly)]


BREAKS: dict[str, Callable[[], list[Replacement]]] = {
    "lookup before store": _lookup_before_store,
    "what was said, not read consistently": _inconsistent(":said"),
    "who joined, not read consistently": _inconsistent(":joined"),
    "joined not written": _joined_not_written,
    "a retry with the same id not posted": _retry_not_posted,
    "what was said read before joined is written": _read_before_joined,
    "joined kept for 1 minute instead of 5": _joined_too_short,
    "dead rows kept": _dead_rows_kept,
    "a failed replay answered with subscribed": _failed_replay_hidden,
    "a replay that does not reach back behind since": _no_overlap,
    "a key without its merchant": _merchant_forgotten,
    "a post that failed once not tried again": _tried_once,
    "an id used for other content of the same length": _contents_by_length,
    "the oldest replayed instead of the newest": _oldest_replayed,
    "a subscription that outlives its token": _token_end_forgotten,
    "posts that go on after the end of a token": _posted_after_the_end,
    "expired subscriptions not left out": _expired_not_left_out("connections"),
    "who joined, expired, not left out": _expired_not_left_out("ledger"),
    "what was said, expired, not left out": _expired_replayed,
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
