"""One frame for one connection: tried again for a while, and a 410 believed when it comes twice."""

import re
import time
from dataclasses import dataclass
from enum import Enum

from lambdas.layer import limits
from lambdas.layer.aws.connections_api import ConnectionsClient
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.aws.retries import is_retryable, pauses
from lambdas.layer.protocol.clock import Clock

_OK = 200
_BAD_REQUEST = 400
_GONE = 410

_CONNECTION_ID = re.compile(r"[A-Za-z0-9_=-]{8,}")
"""What may be one: API Gateway's are 16 characters of Base64 with - and _."""


class Outcome(Enum):
    """How a post can end."""

    ACCEPTED = "accepted"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PostResult:
    """What became of one post; `reason`: why not accepted, an HTTP status or an error's name."""

    connection_id: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """One frame for one connection.

    `end`, on the monotonic clock: of all posts that it is one of. `expires_at`, in milliseconds
    since 1970: no attempt may begin after it.
    """

    connection_id: str
    data: bytes
    end: float
    expires_at: int


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A first 410, which may be false.

    `came_at` is on the monotonic clock; `left`, in seconds: of its post's budget. The time that the
    second attempt stands in the queue is not the post's.
    """

    came_at: float
    left: float


class Poster:
    """Posts to the connections of a stage, one frame and one connection at a time."""

    def __init__(self, api: ConnectionsClient, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def post(self, post: Post) -> PostResult | Unconfirmed:
        """Try until it is settled, or its time is over, or a first 410 comes."""
        started = time.monotonic()
        result = self._try(post, min(post.end, started + limits.POST_BUDGET), "no time left")
        if (result.outcome, result.reason) != (Outcome.GONE, str(_GONE)):
            return result
        now = time.monotonic()
        return Unconfirmed(now, started + limits.POST_BUDGET - now)

    def confirm(self, post: Post, first: Unconfirmed) -> PostResult:
        """Post again after a first 410, with what that left of the post's time."""
        now = time.monotonic()
        end, reason = min(post.end, now + first.left), str(_GONE)
        if self._sleep(first.came_at + limits.GONE_CONFIRMED_AFTER - now, end, post):
            return self._try(post, end, reason)
        return PostResult(post.connection_id, Outcome.FAILED, reason)

    def _try(self, post: Post, end: float, reason: str) -> PostResult:
        """Try until it is settled, or until `end`; `reason`: why it failed, if none is tried."""
        waits = pauses()
        while (left := self._left(end, post.expires_at)) > 0:
            try:
                status = self._api.post(
                    post.connection_id, post.data, min(limits.ATTEMPT_TIMEOUT, left)
                )
            except TransportError as error:
                reason = str(error)
            else:
                outcome = _outcome(post.connection_id, status)
                reason = "" if outcome is Outcome.ACCEPTED else str(status)
                if outcome is not None:
                    return PostResult(post.connection_id, outcome, reason)
            if not self._sleep(next(waits), end, post):
                break
        return PostResult(post.connection_id, Outcome.FAILED, reason)

    def _sleep(self, seconds: float, end: float, post: Post) -> bool:
        """Sleep, or return False where no time would be left afterwards."""
        if self._left(end, post.expires_at) <= max(0, seconds):
            return False
        if seconds > 0:
            time.sleep(seconds)
        return True

    def _left(self, end: float, expires_at: int) -> float:
        """Return the seconds until the sooner of two ends; the second is the wall clock's.

        That one may move where the monotonic one does not: in a process that was suspended.
        """
        return min(end - time.monotonic(), (expires_at - self._clock()) / 1000)


def _outcome(connection_id: str, status: int) -> Outcome | None:
    """Return what a status means for a post; None: try again."""
    if status == _OK:
        return Outcome.ACCEPTED
    # 400 is also said of what may be an id: https://github.com/aws/aws-sdk-cpp/issues/1553
    never_an_id = status == _BAD_REQUEST and not _CONNECTION_ID.fullmatch(connection_id)
    if status == _GONE or never_an_id:
        return Outcome.GONE
    return None if is_retryable(status) else Outcome.FAILED
