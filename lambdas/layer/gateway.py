"""API Gateway's side of a function: reading its events and answering them. No boto3.

The shape of the events is that of captured ones, see tests/kit/events/.
"""

import json
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import urlsplit

from lambdas.layer.protocol import replies
from lambdas.layer.protocol.replies import Frame

_REQUIRED = {
    "connectionId": str,
    "eventType": str,
    "requestId": str,
    "connectedAt": int,
    "requestTimeEpoch": int,
}
_FRAME_FIELDS = {"client", "action"}
_FIRST_LABEL = re.compile(r"^([a-z][a-z0-9+.-]*://)[a-z0-9_-]+\.")

Event = dict[str, Any]
Response = dict[str, Any]


def is_event(event: Any) -> bool:
    """Tell whether API Gateway sent this, rather than a direct invocation.

    An invoker may forge an event: IAM trusts it with any publish anyway.
    """
    return has_context(event, _REQUIRED)


def has_context(event: Any, required: Mapping[str, type]) -> bool:
    """Tell whether this is an event, by the rule of `is_event`, with these parts of its context."""
    if not isinstance(event, dict) or is_frame(event):
        return False
    context = _context(event)
    return isinstance(event.get("body"), str | None) and all(
        isinstance(context.get(name), kind) for name, kind in required.items()
    )


def is_frame(event: Event) -> bool:
    """Tell whether an event is the frame of an invoker, whatever else it holds.

    Each frame has `client` or `action`. Those of API Gateway's clients, of a queue and of a wrapped
    publish stand within the event.
    """
    return not _FRAME_FIELDS.isdisjoint(event)


def is_warm_up(event: Any) -> bool:
    """Tell whether the stage's schedule sent this, only to keep the function started.

    Exactly `{"warm": true}`: no event of API Gateway is, and no publish could be.
    """
    return isinstance(event, dict) and len(event) == 1 and event.get("warm") is True


def event_type(event: Event) -> str:
    """Return CONNECT, MESSAGE or DISCONNECT.

    The route need not tell: where the API selects it by a body's `action`, a body that says
    `{"action": "$connect"}` selects that route.
    """
    return str(event["requestContext"]["eventType"])


def request_id(event: Event) -> str:
    """Return the id by which API Gateway's logs know this event, too."""
    return str(event["requestContext"]["requestId"])


def authorizer(event: Event) -> dict[str, Any]:
    """Return what the authorizer of the connection has left in the event; empty without one."""
    context = event["requestContext"].get("authorizer")
    return context if isinstance(context, dict) else {}


def respond(reply: Frame | None) -> Response:
    """Return the response that sends a frame back on the connection, or nothing."""
    if reply is None:
        return {"statusCode": 200}
    return {"statusCode": 200, "body": json.dumps(reply, ensure_ascii=False)}


def reject_message(event: Event) -> Response:
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


def token(event: Event) -> str | None:
    """Return the token of a handshake: of its header `Authorization: Bearer …`, or `?token=…`.

    A header wins.
    """
    credentials = bearer(event)
    if credentials is not None:
        return credentials
    query = event.get("queryStringParameters") or {}
    return query.get("token")


def bearer(event: Event) -> str | None:
    """Return the token of the header `Authorization: Bearer …`.

    An `Authorization` of another scheme is a proxy's, and not a token.
    """
    scheme, _, credentials = header(event, "authorization").strip().partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def header(event: Event, name: str) -> str:
    """Return a header by its lower-case name; empty without one."""
    headers = event.get("headers") or {}
    return next((str(value) for key, value in headers.items() if key.lower() == name), "")


def allow(event: Event, principal: str, context: dict[str, str]) -> Response:
    """Return the response of an authorizer that accepts the connection."""
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": event["methodArn"],
    }
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def origin_allowed(event: Event, allowed: AbstractSet[str]) -> bool:
    """Tell whether a handshake may come from the page that it comes from.

    `allowed`: origins in lower case, of which `https://*.shop.example` stands for any one label in
    place of the `*`; none means any. A client that names no origin is not a page, and
    websocket-client names the API's own host: both are always allowed.
    """
    origin = header(event, "origin")
    if not allowed or not origin:
        return True
    if not origin.isascii():  # lower() would turn e.g. the Kelvin sign into a `k`
        return False
    origin = origin.lower()
    if "*" not in origin and not allowed.isdisjoint((origin, _with_wildcard(origin))):
        return True
    own = {header(event, "host").lower(), _context(event).get("domainName")}
    return _host(origin) in own - {""}


def _with_wildcard(origin: str) -> str:
    """Put a `*` in place of the first label; whatever is not a label stays, and is not listed."""
    return _FIRST_LABEL.sub(r"\1*.", origin)


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # e.g. `http://[`: not from a browser
        return ""


def _context(event: Event) -> dict[str, Any]:
    context = event.get("requestContext")
    return context if isinstance(context, dict) else {}
