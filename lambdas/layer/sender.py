"""Getting a frame to connections: in parallel, each on its own, tried again, the dead pruned."""

import logging
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Self

from lambdas.layer import limits
from lambdas.layer.aws.connections_api import MAX_POSTS, ConnectionsClient
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.clock import Clock, system_clock
from lambdas.layer.storage import Storage
from lambdas.layer.topic import Topic

_OK = 200
_GONE = {410, 400}  # 400: not a connection id at all, says API Gateway
_THROTTLED = 429
_SERVER_ERROR = 500

log = logging.getLogger("ottu-ws-notify.sender")


class Outcome(Enum):
    """How a post can end."""

    ACCEPTED = "accepted"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PostResult:
    """What became of one post; `reason`: why it failed, an HTTP status or the name of an error."""

    connection_id: str
    outcome: Outcome
    reason: str = ""


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
        self._api = api
        self._storage = storage
        self._clock = clock
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
        begun: list[Future[PostResult]] = []
        try:
            for batch in batches:
                for connection_id, expires_at in batch.items():
                    if end is None:
                        end = time.monotonic() + limits.FAN_OUT_BUDGET
                    post = _Post(connection_id, data, end, expires_at)
                    begun.append(self._executor.submit(self._post, post))
        except Exception:
            self._finish(topic, begun)
            raise
        return self._finish(topic, begun)

    def _finish(self, topic: Topic, begun: list["Future[PostResult]"]) -> Delivery:
        results = [post.result() for post in begun]
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
            result = self._post(_Post(connection_id, text.encode(), end, expires_at))
            if result.outcome is not Outcome.ACCEPTED:
                return result
        return PostResult(connection_id, Outcome.ACCEPTED)

    def _post(self, post: "_Post") -> PostResult:
        """Try until it is settled, or its time is over."""
        end = min(post.end, time.monotonic() + limits.POST_BUDGET)
        pause = limits.FIRST_PAUSE
        reason = "no time left"
        while (left := self._left(end, post.expires_at)) > 0:
            try:
                status = self._api.post(
                    post.connection_id, post.data, min(limits.ATTEMPT_TIMEOUT, left)
                )
            except TransportError as error:
                reason = str(error)
            else:
                if status == _OK:
                    return PostResult(post.connection_id, Outcome.ACCEPTED)
                if status in _GONE:
                    return PostResult(post.connection_id, Outcome.GONE)
                reason = str(status)
                if status != _THROTTLED and status < _SERVER_ERROR:
                    break
            wait = random.uniform(0, pause)  # noqa: S311 - jitter, not a secret
            if wait >= self._left(end, post.expires_at):
                break
            time.sleep(wait)
            pause *= 2
        return PostResult(post.connection_id, Outcome.FAILED, reason)

    def _left(self, end: float, expires_at: int) -> float:
        """Return the seconds until the sooner of two ends; the second is the wall clock's.

        That one may move where the monotonic one does not: in a process that was suspended.
        """
        return min(end - time.monotonic(), (expires_at - self._clock()) / 1000)

    def _prune(self, topic: Topic, gone: list[str]) -> None:
        if not gone:
            return
        try:
            self._storage.unsubscribe(topic, gone)
        except Exception:
            # They are met again by the next publish, or expire: no reason to fail this one.
            log.exception("forgetting dead connections failed", extra={"connections": len(gone)})


@dataclass(frozen=True, slots=True)
class _Post:
    """One frame for one connection.

    `end`, on the monotonic clock: of all posts that it is one of. `expires_at`, in milliseconds
    since 1970: no attempt may begin after it.
    """

    connection_id: str
    data: bytes
    end: float
    expires_at: int


def _log_failed(results: list[PostResult]) -> None:
    failed = Counter(one.reason for one in results if one.outcome is Outcome.FAILED)
    if failed:
        log.warning("posts failed", extra={"failed": failed.total(), "why": dict(failed)})
