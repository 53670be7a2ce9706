"""Events in the shape in which API Gateway was seen to send them; ids and names are ours.

Those of the HTTP API (`http_…`) are in the shape that AWS documents for payload format 2.0:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

import json
import time
from pathlib import Path
from typing import Any, Final

_HERE: Final = Path(__file__).parent
_CAPTURED_AT: Final = 1795426202896
"""The latest time in them, in milliseconds since 1970."""


def captured(name: str) -> dict[str, Any]:
    """Return an event anew, as if it came at this moment, so that a test may change it."""
    event: dict[str, Any] = json.loads((_HERE / f"{name}.json").read_text("utf-8"))
    since = time.time_ns() // 1_000_000 - _CAPTURED_AT
    context = event["requestContext"]
    for field in {"connectedAt", "requestTimeEpoch", "timeEpoch"} & context.keys():
        context[field] += since
    return event
