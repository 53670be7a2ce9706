"""Posting a frame to many connections in parallel, or many frames to one in order."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Self

from lambdas.layer import limits
from lambdas.layer.aws.clients import MAX_POSTS, ConnectionsClient
from lambdas.layer.executor import Executor
from lambdas.layer.post import Outcome, Post, Poster, PostResult, Unconfirmed
from lambdas.layer.protocol.clock import Clock, system_clock

log = logging.getLogger("ottu-ws-notify.sender")


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of a fan-out: how many accepted, which connections are gone, how many failed."""

    accepted: int
    gone: tuple[str, ...]
    failed: int


class Sender:
    """Posts to the connections of a stage."""

    def __init__(self, api: ConnectionsClient, *, clock: Clock = system_clock) -> None:
        self._poster = Poster(api, clock)
        self._executor = Executor(MAX_POSTS, "post")

    @classmethod
    def from_env(cls, storage: object = None, api: ConnectionsClient | None = None) -> Self:
        """Return the sender of the stage that the environment names, on boto3's client by default.

        `storage` is not used: callers of the legacy service give one. Raises what
        Boto3ConnectionsApi.from_session does.
        """
        del storage
        if api is None:
            # Not at the top: a function must not import boto3.
            from lambdas.layer.aws.boto3_clients import Boto3ConnectionsApi  # noqa: PLC0415

            api = Boto3ConnectionsApi.from_session()
        return cls(api)

    def broadcast(self, batches: Iterable[Mapping[str, int]], text: str) -> Delivery:
        """Post a frame to each connection once.

        `batches`: ids of connections, and when each expires, in milliseconds since 1970. The
        posts to a batch are under way while the next one is fetched. Raises nothing for a
        connection that is gone, slow or failing: it is counted; and what fetching raises, once the
        posts that were begun have ended.
        """
        data = text.encode()
        deadline: float | None = None
        begun: list[_Begun] = []
        try:
            for batch in batches:
                for connection_id, expires_at_ms in batch.items():
                    if deadline is None:
                        deadline = time.monotonic() + limits.FAN_OUT_BUDGET
                    post = Post(connection_id, data, deadline, expires_at_ms)
                    begun.append(self._executor.submit(self._post, post))
        except Exception:
            # Nothing may go on in a function that is frozen afterwards.
            _delivery(begun)
            raise
        return _delivery(begun)

    def replay(self, connection_id: str, texts: Iterable[str], expires_at_ms: int) -> PostResult:
        """Post frames to one connection, one after another, up to the first that does not arrive.

        Returns that one, or ACCEPTED: all of them arrived. `expires_at_ms`: until when it may be
        posted to, in milliseconds since 1970.
        """
        deadline = time.monotonic() + limits.FAN_OUT_BUDGET
        for text in texts:
            post = Post(connection_id, text.encode(), deadline, expires_at_ms)
            result = self._poster.post(post)
            if isinstance(result, Unconfirmed):
                result = self._poster.confirm(post, result)
            if result.outcome is not Outcome.ACCEPTED:
                return result
        return PostResult(connection_id, Outcome.ACCEPTED)

    def _post(self, post: Post) -> "PostResult | _Begun":
        """Post; a first 410 is confirmed in a job of its own, whose future is returned.

        That one queues behind the first attempts of the others, so that gone ones delay none.
        """
        result = self._poster.post(post)
        if isinstance(result, Unconfirmed):
            return self._executor.submit(self._poster.confirm, post, result)
        return result


_Begun = Future[Any]
"""Of a PostResult, or of another such future."""


def _delivery(begun: list[_Begun]) -> Delivery:
    results, unexpected = [], None
    for post in begun:
        try:
            results.append(_followed(post))
        except Exception as error:  # noqa: BLE001 - raised once all have ended
            unexpected = unexpected or error
    if unexpected is not None:
        raise unexpected
    _log_failed(results)
    counts = Counter(one.outcome for one in results)
    return Delivery(
        accepted=counts[Outcome.ACCEPTED],
        gone=tuple(one.connection_id for one in results if one.outcome is Outcome.GONE),
        failed=counts[Outcome.FAILED],
    )


def _followed(begun: _Begun) -> PostResult:
    result = begun.result()
    while not isinstance(result, PostResult):
        result = result.result()
    return result


def _log_failed(results: list[PostResult]) -> None:
    failed = Counter(one.reason for one in results if one.outcome is Outcome.FAILED)
    if failed:
        log.warning("posts failed", extra={"failed": failed.total(), "reasons": dict(failed)})
