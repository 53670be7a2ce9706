"""The answer to a poll: which notifications it holds, and when to ask again. Values only."""

import json
import random
from collections.abc import Sequence
from typing import Final

from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol import replies
from lambdas.layer.protocol.clock import to_rfc3339
from lambdas.layer.protocol.replies import Frame
from lambdas.layer.protocol.topic import Topic

MAX_BYTES: Final = 2 * 1024 * 1024
"""Bytes of UTF-8 of the notifications in one answer, together.

Lambda answers up to 6 MB, in which the answer is a string: at worst each byte takes two, `"` and
`\\` do. What is not ASCII is not escaped, from Python 3.12 on (awslambdaric,
lambda_runtime_marshaller.py). https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

POLL_AFTER_MS: Final = (2_000, 3_000)
"""Drawn for each answer, so that clients that began together do not stay together."""


def answer(topic: Topic, found: Sequence[StoredNotification], now: int, most: int) -> Frame:
    """Return the frame that answers a poll.

    `found`: the newest, oldest first, of which it holds at most so many; one more where there are
    more. `now` in milliseconds since 1970, taken before they were read.
    """
    newest = _newest(found[-most:])
    return replies.notifications(
        topic.merchant_id,
        topic.ref,
        notifications=[json.loads(one.text) for one in newest],
        more=len(newest) < len(found),
        now=to_rfc3339(now),
        poll_after=random.randint(*POLL_AFTER_MS),  # noqa: S311 - spread, not a secret
    )


def _newest(found: Sequence[StoredNotification]) -> list[StoredNotification]:
    newest: list[StoredNotification] = []
    size = 0
    for one in reversed(found):
        size += len(one.text.encode())
        if size > MAX_BYTES:
            break
        newest.append(one)
    return newest[::-1]
