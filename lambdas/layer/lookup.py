"""Finding who waits for a topic, in two steps around the write of what is said of it.

The index serves subscriptions older than minutes, so its query need not wait for that write and
goes on beside it. The recent ones stand in the ledger and are read after it, consistently: only so
does of a publish and a subscribe that race at least one see the other.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Self

from lambdas.layer import limits
from lambdas.layer.protocol.clock import Clock

Subscribers = dict[str, int]
"""Ids of connections, and until when each may be posted to, in milliseconds since 1970."""

Query = Callable[[], Subscribers]
"""Returns subscribers, expired or not; raises what its client does."""


class Lookup:
    """One look at who waits for a topic; the index is being asked as soon as it is made.

    A context manager: at the end of the block the index query has ended, because nothing may go on
    in a function that is frozen between two invocations. Whether it failed matters to `batches`
    alone.
    """

    def __init__(
        self, executor: ThreadPoolExecutor, index: Query, recent: Query, clock: Clock
    ) -> None:
        self._ask_index = index
        self._ask_recent = recent
        self._clock = clock
        self._began = clock()
        self._index = executor.submit(index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self._index.result()

    def batches(self) -> Iterator[Subscribers]:
        """Yield who waits for the topic, each once; to be called once the notification is stored.

        First whom the index found. When the next batch is asked for, the recent subscriptions are
        read, and of them those are yielded that the first batch left out. Where the process was
        suspended meanwhile, both may have missed one: the index is asked again. A subscriber's end
        is the index's, else the ledger's, which may be earlier; neither is after that of a token.

        Raises what the queries raise.
        """
        found = self._unexpired(self._index.result(), self._clock())
        yield found
        answer = self._ask_recent()
        now = self._clock()
        recent = self._unexpired(answer, now, without=found)
        yield recent
        if now - self._began > limits.LOOKUP_BUDGET_MS:
            yield self._unexpired(self._ask_index(), self._clock(), without=found | recent)

    @staticmethod
    def _unexpired(
        answer: Subscribers, now: int, without: Subscribers | None = None
    ) -> Subscribers:
        # Not by a filter of the query: it would be charged the same, and these rows are small.
        known = without or {}
        return {id_: end for id_, end in answer.items() if end > now and id_ not in known}
