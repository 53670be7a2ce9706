"""Getting a frame to connections: in parallel, each on its own, tried again, the dead forgotten."""

import logging
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
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
class Post:
    """What became of one post; `why` it failed: an HTTP status, or the name of an error."""

    connection_id: str
    outcome: Outcome
    why: str = ""


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
        self._posts = ThreadPoolExecutor(MAX_POSTS, thread_name_prefix="post")

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

    def broadcast(self, topic: Topic, listeners: Mapping[str, int], text: str) -> Delivery:
        """Post a frame to each connection once, and forget those that are gone.

        `listeners`: their ids, and until when each may hear, in milliseconds since 1970. Raises
        nothing for a connection that is dead, slow or failing: it is counted.
        """
        data = text.encode()
        end = time.monotonic() + limits.FAN_OUT_BUDGET

        def post(listener: tuple[str, int]) -> Post:
            connection_id, until = listener
            return self._post(connection_id, data, self._sooner(end, until))

        # One connection, the usual case, costs no thread.
        each = map if len(listeners) == 1 else self._posts.map
        posts = list(each(post, listeners.items()))
        counts = Counter(post.outcome for post in posts)
        _log_failed(posts)
        self._forget(topic, [post.connection_id for post in posts if post.outcome is Outcome.GONE])
        return Delivery(
            accepted=counts[Outcome.ACCEPTED],
            gone=counts[Outcome.GONE],
            failed=counts[Outcome.FAILED],
        )

    def replay(self, connection_id: str, texts: Iterable[str], until: int) -> Post:
        """Post frames to one connection, one after another, up to the first that does not arrive.

        Returns that one, or ACCEPTED: all of them arrived. `until` as in broadcast.
        """
        end = self._sooner(time.monotonic() + limits.FAN_OUT_BUDGET, until)
        for text in texts:
            post = self._post(connection_id, text.encode(), end)
            if post.outcome is not Outcome.ACCEPTED:
                return post
        return Post(connection_id, Outcome.ACCEPTED)

    def _sooner(self, end: float, until: int) -> float:
        """Return the sooner of an end on the monotonic clock and one in milliseconds since 1970."""
        return min(end, time.monotonic() + (until - self._clock()) / 1000)

    def _post(self, connection_id: str, data: bytes, end: float) -> Post:
        """Try until `end` on the monotonic clock, and for 3 seconds at most."""
        end = min(end, time.monotonic() + limits.POST_BUDGET)
        pause = limits.FIRST_PAUSE
        why = "no time left"
        while (left := end - time.monotonic()) > 0:
            try:
                status = self._api.post(connection_id, data, min(limits.ATTEMPT_TIMEOUT, left))
            except TransportError as error:
                why = str(error)
            else:
                if status == _OK:
                    return Post(connection_id, Outcome.ACCEPTED)
                if status in _GONE:
                    return Post(connection_id, Outcome.GONE)
                why = str(status)
                if status != _THROTTLED and status < _SERVER_ERROR:
                    break
            wait = random.uniform(0, pause)  # noqa: S311 - jitter, not a secret
            if time.monotonic() + wait >= end:
                break
            time.sleep(wait)
            pause *= 2
        return Post(connection_id, Outcome.FAILED, why)

    def _forget(self, topic: Topic, gone: list[str]) -> None:
        if not gone:
            return
        try:
            self._storage.unsubscribe(topic, gone)
        except Exception:
            # They are met again by the next publish, or expire: no reason to fail this one.
            log.exception("forgetting dead connections failed", extra={"connections": len(gone)})


def _log_failed(posts: list[Post]) -> None:
    failed = Counter(post.why for post in posts if post.outcome is Outcome.FAILED)
    if failed:
        log.warning("posts failed", extra={"failed": failed.total(), "why": dict(failed)})
