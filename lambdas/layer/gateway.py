"""API Gateway's side of a function: reading its events and answering them. No boto3.

The shape of the events is that of captured ones, see tests/events/.
"""

import json
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import urlsplit

from lambdas.layer import replies
from lambdas.layer.replies import Frame

Event = dict[str, Any]
Response = dict[str, Any]


def is_event(event: Any) -> bool:
    """Tell whether API Gateway sent this, rather than somebody who invoked the function."""
    return isinstance(event, dict) and "eventType" in _context(event)


def event_type(event: Event) -> str:
    """Return CONNECT, MESSAGE or DISCONNECT.

    The route need not tell: where the API selects it by a body's `action`, a body that says
    `{"action": "$connect"}` selects that route.
    """
    return str(event["requestContext"]["eventType"])


def request_id(event: Event) -> str:
    """Return the id by which API Gateway's logs know this event, too."""
    return str(event["requestContext"]["requestId"])


def respond(reply: Frame | None) -> Response:
    """Return the response that sends a frame back on the connection, or nothing."""
    if reply is None:
        return {"statusCode": 200}
    return {"statusCode": 200, "body": json.dumps(reply, ensure_ascii=False)}


def refuse_message(event: Event) -> Response:
    """Answer a message that reached `$connect` or `$disconnect` by naming it as its action."""
    return respond(
        replies.error(
            "invalid_message",
            "action must be `unsubscribe` or `ping`",
            retryable=False,
            request_id=request_id(event),
            field="action",
        )
    )


def origin_allowed(event: Event, allowed: AbstractSet[str]) -> bool:
    """Tell whether a handshake may come from the page that it comes from.

    `allowed`: origins in lower case; none means any. A client that names no origin is no page,
    and websocket-client names the API's own host: both are always allowed.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    origin = str(headers.get("origin", "")).lower()
    if not allowed or not origin or origin in allowed:
        return True
    own = {str(headers.get("host", "")).lower(), _context(event).get("domainName")}
    return _host(origin) in own - {""}


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # e.g. `http://[`: not from a browser
        return ""


def _context(event: Event) -> dict[str, Any]:
    context = event.get("requestContext")
    return context if isinstance(context, dict) else {}
