"""When and after which pause a request to AWS is tried again. Nothing here sends one.

Pauses are drawn at random up to a bound ("full jitter"), so that callers which failed together do
not come back together: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from collections.abc import Iterator
from typing import Final

from lambdas.layer import limits

RETRYABLE_CODES: Final = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
)
"""Of errors of DynamoDB and Secrets Manager that a second attempt may not meet."""

_THROTTLED = 429
_SERVER_ERROR = 500


def is_retryable(status: int) -> bool:
    """Tell whether a second attempt may get another HTTP status."""
    return status == _THROTTLED or status >= _SERVER_ERROR


def pause(longest: float) -> float:
    """Return the seconds to wait before another attempt, up to `longest`."""
    return random.uniform(0, longest)  # noqa: S311 - jitter, not a secret


def pauses() -> Iterator[float]:
    """Yield the seconds to wait before each further attempt: up to FIRST_PAUSE, then doubled."""
    longest = limits.FIRST_PAUSE
    while True:
        yield pause(longest)
        longest *= 2
