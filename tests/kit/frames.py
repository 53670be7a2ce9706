"""Frames as clients send them, and how they differ from test to test."""

import json
from collections.abc import Iterable
from typing import Any

from lambdas.layer.protocol.topic import Topic
from tests.kit.events import captured

TOPIC = Topic("merchant_id", "12303")

PUBLISH: dict[str, Any] = {
    "merchant_id": "merchant_id",
    "client": "backend",
    "project": "repo-name",
    "type": "report.Task",
    "ref": "12303",
    "status": "done",
    "message": "The report has been completed",
}
"""What the backend of the legacy service sends."""

SUBSCRIBE: dict[str, Any] = {**PUBLISH, "client": "frontend"}
"""What the page of the legacy service sends: it repeats fields that are not interpreted."""

NOW = "2026-11-23T09:30:00.000Z"
"""The time at which every clock of a test stands at first."""

NOTIFICATION: dict[str, Any] = {**PUBLISH, "id": "r1", "sent_at": NOW}
"""What a subscriber then gets, where the request is r1."""

NEVER = 10**15
"""Milliseconds since 1970: an expiry that no test reaches."""

UNSUBSCRIBE: dict[str, Any] = {
    "action": "unsubscribe",
    "merchant_id": "merchant_id",
    "ref": "12303",
}


def subscribers(connection_ids: Iterable[str]) -> list[dict[str, int]]:
    """Return them as subscribers in one batch, which never expire."""
    return [dict.fromkeys(connection_ids, NEVER)]


def publish(**changes: Any) -> str:
    """Return the text of a frame that publishes."""
    return json.dumps({**PUBLISH, **changes})


def subscribe(**changes: Any) -> str:
    """Return the text of a frame that subscribes."""
    return json.dumps({**SUBSCRIBE, **changes})


def unsubscribe(**changes: Any) -> str:
    """Return the text of a frame that unsubscribes."""
    return json.dumps({**UNSUBSCRIBE, **changes})


def without(frame: dict[str, Any], field: str) -> str:
    """Return the text of a frame that lacks a field."""
    return json.dumps({name: value for name, value in frame.items() if name != field})


def message(body: str, **context: Any) -> dict[str, Any]:
    """Return the event in which API Gateway delivers this frame."""
    event = captured("message")
    event["requestContext"] |= context
    event["body"] = body
    return event


def request(path: str, body: str, *, origin: str | None = None, **context: Any) -> dict[str, Any]:
    """Return the event in which the HTTP API delivers this body, sent as JSON."""
    event = captured("http_notifications")
    event["routeKey"] = event["requestContext"]["routeKey"] = f"POST {path}"
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"/prod{path}"
    event["requestContext"] |= context
    if origin is not None:
        event["headers"]["origin"] = origin
    event["headers"]["content-length"] = str(len(body.encode(errors="surrogatepass")))
    event["body"] = body
    return event


def queue_event(*bodies: str) -> dict[str, Any]:
    """Return the event in which Lambda delivers messages of an SQS queue, `m0`, `m1` and so on.

    In the shape that AWS documents: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1795426202896",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1795426202899",
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:a-queue",
                "awsRegion": "eu-west-1",
            }
            for number, body in enumerate(bodies)
        ]
    }
