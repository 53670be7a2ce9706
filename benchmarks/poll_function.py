"""The floor of a poll: a function that answers at once that there is nothing.

Deployed on the same local AWS as the service; not part of it. It logs a line: after an invocation
that writes none, the local AWS waits 50 ms for one before it answers.
"""

import json
import random
import sys
import time
from typing import Any


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer as the service does, at its pace."""
    print("polled", file=sys.stderr)  # noqa: T201 - the log of a function
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    answer = {
        "client": "server",
        "type": "notifications",
        "notifications": [],
        "more": False,
        "now": now,
        "poll_after": random.randint(2_000, 3_000),  # noqa: S311 - chance, no secret
    }
    return {"statusCode": 200, "body": json.dumps(answer)}
