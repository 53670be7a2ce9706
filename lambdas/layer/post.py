"""One frame for one connection: retried within its budget, and gone only after a second 410."""

import re
import time
from dataclasses import dataclass
from enum import Enum

from lambdas.layer import limits
from lambdas.layer.aws.clients import ConnectionsClient
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.aws.retries import is_retryable, pauses
from lambdas.layer.protocol.clock import Clock

_OK = 200
_BAD_REQUEST = 400
_GONE = 410

_CONNECTION_ID = re.compile(r"[A-Za-z0-9_=-]{8,}")
"""The form of an id: API Gateway's are 16 characters of Base64 with - and _."""


class Outcome(Enum):
    """How a post can end."""

    ACCEPTED = "accepted"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PostResult:
    """The result of one post; `reason`, where not accepted: an HTTP status or an error's name."""

    connection_id: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """One frame for one connection.

    `deadline`, on the monotonic clock: of all posts that it is one of. `expires_at_ms`, since 1970:
    no attempt may begin after it.
    """

    connection_id: str
    data: bytes
    deadline: float
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A first 410, which may be false.

    `came_at` is on the monotonic clock; `remaining`, in seconds: of its post's budget. The time
    that the second attempt stands in the queue is not the post's.
    """

    came_at: float
    remaining: float


class Poster:
    """Posts to the connections of a stage, one frame and one connection at a time."""

    def __init__(self, api: ConnectionsClient, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def post(self, post: Post) -> PostResult | Unconfirmed:
        """Try until it succeeds or fails, its budget is spent, or a first 410 comes."""
        started = time.monotonic()
        result = self._try(post, min(post.deadline, started + limits.POST_BUDGET), "no time left")
        if (result.outcome, result.reason) != (Outcome.GONE, str(_GONE)):
            return result
        now = time.monotonic()
        return Unconfirmed(now, started + limits.POST_BUDGET - now)

    def confirm(self, post: Post, first: Unconfirmed) -> PostResult:
        """Post again after a first 410, with what that left of the post's time."""
        now = time.monotonic()
        deadline, reason = min(post.deadline, now + first.remaining), str(_GONE)
        if self._sleep(first.came_at + limits.GONE_CONFIRMED_AFTER - now, deadline, post):
            return self._try(post, deadline, reason)
        return PostResult(post.connection_id, Outcome.FAILED, reason)

    def _try(self, post: Post, deadline: float, reason: str) -> PostResult:
        """Try until it succeeds or fails, or the deadline; `reason`: if there is no attempt."""
        waits = pauses()
        while (remaining := self._remaining(deadline, post)) > 0:
            try:
                status = self._api.post(
                    post.connection_id, post.data, min(limits.ATTEMPT_TIMEOUT, remaining)
                )
            except TransportError as error:
                reason = str(error)
            else:
                outcome = _outcome(post.connection_id, status)
                reason = "" if outcome is Outcome.ACCEPTED else str(status)
                if outcome is not None:
                    return PostResult(post.connection_id, outcome, reason)
            if not self._sleep(next(waits), deadline, post):
                break
        return PostResult(post.connection_id, Outcome.FAILED, reason)

    def _sleep(self, seconds: float, deadline: float, post: Post) -> bool:
        """Sleep, or return False where no time would be left afterwards."""
        if self._remaining(deadline, post) <= max(0, seconds):
            return False
        if seconds > 0:
            time.sleep(seconds)
        return True

    def _remaining(self, deadline: float, post: Post) -> float:
        """Return the seconds until a deadline, or until the post expires by the wall clock.

        That one may move where the monotonic one does not: in a process that was suspended.
        """
        return min(deadline - time.monotonic(), (post.expires_at_ms - self._clock()) / 1000)


def _outcome(connection_id: str, status: int) -> Outcome | None:
    """Return what a status means for a post; None: try again."""
    if status == _OK:
        return Outcome.ACCEPTED
    # 400 may also concern a valid id: https://github.com/aws/aws-sdk-cpp/issues/1553
    never_an_id = status == _BAD_REQUEST and not _CONNECTION_ID.fullmatch(connection_id)
    if status == _GONE or never_an_id:
        return Outcome.GONE
    return None if is_retryable(status) else Outcome.FAILED
