"""Getting a frame to connections: in parallel, each on its own, tried again, the dead pruned."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from lambdas.layer import limits
from lambdas.layer.aws.connections_api import MAX_POSTS, ConnectionsClient
from lambdas.layer.post import Outcome, Post, Poster, PostResult, Unconfirmed
from lambdas.layer.protocol.clock import Clock, system_clock
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.storage import Storage

log = logging.getLogger("ottu-ws-notify.sender")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a fan-out, in connections."""

    accepted: int
    gone: int
    failed: int


class Sender:
    """Sends to the connections of a stage, and tells the storage which of them are gone."""

    def __init__(
        self, api: ConnectionsClient, storage: Storage, *, clock: Clock = system_clock
    ) -> None:
        self._poster = Poster(api, clock)
        self._storage = storage
        self._executor = ThreadPoolExecutor(MAX_POSTS, thread_name_prefix="post")

    @classmethod
    def from_env(cls, storage: Storage, api: ConnectionsClient | None = None) -> Self:
        """Return the sender of the stage that the environment names, on boto3's client by default.

        Raises what Boto3ConnectionsApi.from_session does.
        """
        if api is None:
            # Not at the top: a function must not import boto3.
            from lambdas.layer.aws.boto3_clients import Boto3ConnectionsApi  # noqa: PLC0415

            api = Boto3ConnectionsApi.from_session()
        return cls(api, storage)

    def broadcast(self, topic: Topic, batches: Iterable[Mapping[str, int]], text: str) -> Delivery:
        """Post a frame to each connection once, and prune those that are gone.

        `batches`: ids of connections, and until when each may be posted to, in milliseconds since
        1970. The posts to a batch are under way while the next one is fetched. Raises nothing for
        a connection that is dead, slow or failing: it is counted; and what fetching raises, once
        the posts that were begun have ended.
        """
        data = text.encode()
        end: float | None = None
        begun: list[_Begun] = []
        try:
            for batch in batches:
                for connection_id, expires_at in batch.items():
                    if end is None:
                        end = time.monotonic() + limits.FAN_OUT_BUDGET
                    post = Post(connection_id, data, end, expires_at)
                    begun.append(self._executor.submit(self._post_in_turn, post))
        except Exception:
            self._finish(topic, begun)
            raise
        return self._finish(topic, begun)

    def _finish(self, topic: Topic, begun: list["_Begun"]) -> Delivery:
        results = [_followed(post) for post in begun]
        _log_failed(results)
        gone = [one.connection_id for one in results if one.outcome is Outcome.GONE]
        self._prune(topic, gone)
        counts = Counter(one.outcome for one in results)
        return Delivery(
            accepted=counts[Outcome.ACCEPTED],
            gone=counts[Outcome.GONE],
            failed=counts[Outcome.FAILED],
        )

    def replay(self, connection_id: str, texts: Iterable[str], expires_at: int) -> PostResult:
        """Post frames to one connection, one after another, up to the first that does not arrive.

        Returns that one, or ACCEPTED: all of them arrived. `expires_at`: until when it may be
        posted to, in milliseconds since 1970.
        """
        end = time.monotonic() + limits.FAN_OUT_BUDGET
        for text in texts:
            post = Post(connection_id, text.encode(), end, expires_at)
            result = self._poster.post(post)
            if isinstance(result, Unconfirmed):
                result = self._poster.confirm(post, result)
            if result.outcome is not Outcome.ACCEPTED:
                return result
        return PostResult(connection_id, Outcome.ACCEPTED)

    def _post_in_turn(self, post: Post) -> "PostResult | _Begun":
        """Post; a first 410 is confirmed in a job of its own, whose future is returned.

        That one queues behind the first attempts of the others: the dead hold back no living.
        """
        result = self._poster.post(post)
        if isinstance(result, Unconfirmed):
            return self._executor.submit(self._poster.confirm, post, result)
        return result

    def _prune(self, topic: Topic, gone: list[str]) -> None:
        if not gone:
            return
        try:
            self._storage.unsubscribe(topic, gone)
        except Exception:
            # They are met again by the next publish, or expire: no reason to fail this one.
            log.exception("forgetting dead connections failed", extra={"connections": len(gone)})


_Begun = Future[Any]
"""Of a PostResult, or of another such future."""


def _followed(begun: _Begun) -> PostResult:
    result = begun.result()
    while not isinstance(result, PostResult):
        result = result.result()
    return result


def _log_failed(results: list[PostResult]) -> None:
    failed = Counter(one.reason for one in results if one.outcome is Outcome.FAILED)
    if failed:
        log.warning("posts failed", extra={"failed": failed.total(), "why": dict(failed)})
