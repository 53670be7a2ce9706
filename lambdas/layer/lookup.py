"""Finding a topic's subscribers, in two steps around the write of a notification.

The index serves subscriptions older than minutes, so its query runs during that write. The
recent ones are in the ledger and are read after it, consistently: only so does, of a publish and a
subscribe that race, at least one see the other.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Self

from lambdas.layer import limits
from lambdas.layer.protocol.clock import Clock

Subscribers = dict[str, int]
"""Ids of connections, and when each expires, in milliseconds since 1970."""

Query = Callable[[], Subscribers]
"""Returns subscribers, expired or not; raises what its client does."""


class Lookup:
    """One look at a topic's subscribers; the index query begins as soon as it is made.

    A context manager: at the end of the block the index query has ended, because nothing may go on
    in a function that is frozen between two invocations. Whether it failed matters to `batches`
    alone.
    """

    def __init__(
        self, executor: ThreadPoolExecutor, query_index: Query, query_recent: Query, clock: Clock
    ) -> None:
        self._query_index = query_index
        self._query_recent = query_recent
        self._clock = clock
        self._began_at_ms = clock()
        self._indexed = executor.submit(query_index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self._indexed.result()

    def batches(self) -> Iterator[Subscribers]:
        """Yield the subscribers, each once; to be called once the notification is stored.

        First those that the index found. When the next batch is asked for, the recent subscriptions
        are read, and those that the first batch left out are yielded. Where the process was
        suspended meanwhile, both may have missed one: the index is asked again. A subscriber's end
        is the index's, else the ledger's, which may be earlier; neither is after that of a token.

        Raises what the queries raise.
        """
        indexed = self._unexpired(self._indexed.result(), self._clock())
        yield indexed
        found = self._query_recent()
        now = self._clock()
        recent = self._unexpired(found, now, without=indexed)
        yield recent
        if now - self._began_at_ms > limits.LOOKUP_BUDGET_MS:
            yield self._unexpired(self._query_index(), self._clock(), without=indexed | recent)

    @staticmethod
    def _unexpired(found: Subscribers, now: int, without: Subscribers | None = None) -> Subscribers:
        # Not by a filter of the query: it would be charged the same, and these items are small.
        known = without or {}
        return {id_: ends for id_, ends in found.items() if ends > now and id_ not in known}
