"""Mutants of a poll, and of a replay: when `now` is taken, and what is read."""

from copy import copy
from dataclasses import replace
from typing import Any

from lambdas.layer import limits
from lambdas.layer.auth.principal import Principal
from lambdas.layer.aws.clients import DynamoDbClient
from lambdas.layer.handler import Handler
from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.clock import to_rfc3339
from lambdas.layer.protocol.frames import Poll, Subscribe
from lambdas.layer.protocol.replies import Frame
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.storage import Storage
from tests.simulation.publish_mutants import Replacement


class _Inconsistent:
    """A client of DynamoDB whose queries are eventually consistent."""

    def __init__(self, client: DynamoDbClient) -> None:
        self._client = client

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        parameters.pop("ConsistentRead", None)
        return self._client.call(operation, **parameters)


def now_taken_after_the_read() -> list[Replacement]:
    """Take `now` when the notifications are read."""
    poll = Handler._poll  # noqa: SLF001 - a mutant has to reach inside

    def late(self: Handler, request: Poll, principal: Principal) -> Frame:
        answer = poll(self, request, principal)
        return {**answer, "now": to_rfc3339(self._clock())}

    return [(Handler, "_poll", late)]


def read_inconsistently(*, polled: bool) -> list[Replacement]:
    """Read notifications with eventual consistency, for polls alone or for replays alone."""
    notifications = Storage.notifications

    def stale(
        self: Storage, topic: Topic, after_ms: int = 0, *, spare: int = 0
    ) -> list[StoredNotification]:
        storage = copy(self)
        if polled == bool(spare):
            vars(storage)["_client"] = _Inconsistent(vars(self)["_client"])
        return notifications(storage, topic, after_ms, spare=spare)

    return [(Storage, "notifications", stale)]


def no_overlap(method: str) -> list[Replacement]:
    """Let a method, which answers a poll or a subscribe, look at what came after `since` alone."""
    answer = getattr(Handler, method)

    def short(self: Handler, request: Poll | Subscribe, *others: Any) -> Frame | None:
        if request.since is not None:
            request = replace(request, since=request.since + limits.REPLAY_OVERLAP_MS)
        reply: Frame | None = answer(self, request, *others)
        return reply

    return [(Handler, method, short)]
