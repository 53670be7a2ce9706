"""The HTTP API's side of a function: its events become typed requests, frames its responses.

The events have payload format 2.0, the authorizer answers in the simple form:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

import base64
import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from lambdas.layer import gateway
from lambdas.layer.gateway import Event, Response
from lambdas.layer.protocol.bodies import parse_poll, parse_publish
from lambdas.layer.protocol.errors import Forbidden, InvalidJson, InvalidMessage
from lambdas.layer.protocol.frames import Request
from lambdas.layer.protocol.replies import Frame

NOTIFICATIONS: Final = "POST /notifications"
_PARSERS: Final[Mapping[str, Callable[[str], Request]]] = {
    "POST /publish": parse_publish,
    NOTIFICATIONS: parse_poll,
}
"""By `routeKey`: a stage's name stands in `rawPath`, too."""

ROUTES: Final = tuple(_PARSERS)

_VERSION: Final = "2.0"
_REQUIRED: Final = {"http": dict, "requestId": str, "timeEpoch": int}

_OK: Final = 200
_UNAVAILABLE: Final = 503
_STATUS: Final = {
    "invalid_json": 400,
    "invalid_message": 400,
    "forbidden": 403,
    "too_large": 413,
    "internal_error": _UNAVAILABLE,
}
_HEADERS: Final = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_RETRY_AFTER: Final = {"Retry-After": "2"}
"""In seconds, as a poll's pace."""

_NOT_UTF8: Final = "send one JSON object in UTF-8"
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
"""What stands in a text for bytes that are not UTF-8."""


def is_event(event: Any) -> bool:
    """Tell whether an HTTP API sent this; by the rules of `gateway.is_event`."""
    return (
        gateway.has_context(event, _REQUIRED)
        and is_http(event)
        and isinstance(event.get("routeKey"), str)
    )


def is_http(event: Event) -> bool:
    """Tell whether an event is of an HTTP API, rather than of the WebSocket API."""
    return event.get("version") == _VERSION


def parse(event: Event, allowed_origins: AbstractSet[str]) -> Request:
    """Return the request that an event makes of the service.

    Raises Forbidden for a page whose origin is not allowed; InvalidJson, InvalidMessage.
    """
    if not gateway.origin_allowed(event, allowed_origins):
        raise Forbidden("this stage does not list the origin of this page", "origin")
    parse_body = _PARSERS.get(event["routeKey"])
    if parse_body is None:
        raise InvalidMessage(f"send {' or '.join(ROUTES)}")
    return parse_body(_body(event))


def authorizer(event: Event) -> dict[str, Any]:
    """Return the context that the authorizer of the request gave; empty without one."""
    context = gateway.authorizer(event).get("lambda")
    return context if isinstance(context, dict) else {}


def respond(reply: Frame) -> Response:
    """Return the response that carries a frame: here alone a frame gets its status."""
    status = _STATUS[reply["code"]] if reply["type"] == "error" else _OK
    return {
        "statusCode": status,
        "headers": {**_HEADERS, **(_RETRY_AFTER if status == _UNAVAILABLE else {})},
        "body": json.dumps(reply, ensure_ascii=False, separators=(",", ":")),
    }


# -- the authorizer


def is_poll(event: Event) -> bool:
    """Tell whether a request asks for notifications: there are very many of these."""
    return event.get("routeKey") == NOTIFICATIONS


def allow(context: dict[str, str]) -> Response:
    """Return the answer of an authorizer that lets a request pass."""
    return {"isAuthorized": True, "context": context}


def deny() -> Response:
    """Return the answer of an authorizer that does not: API Gateway's 403."""
    return {"isAuthorized": False}


def _body(event: Event) -> str:
    """Return the text of a body.

    API Gateway hands over one that is not named text or JSON, such as what `curl -d` sends, in
    Base64, and the others as text, whatever their bytes are:
    https://github.com/ministackorg/ministack/pull/766
    """
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        if _REPLACEMENT in body and _was_replaced(event, body):
            raise InvalidJson(_NOT_UTF8)
        return str(body)
    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError as error:
        raise InvalidJson(_NOT_UTF8) from error


def _was_replaced(event: Event, body: str) -> bool:
    """Tell whether bytes that are not UTF-8 stood where the text has U+FFFD, by their number.

    It is not seen of three bytes of a character of four, for which one U+FFFD stands, nor without
    the header, which API Gateway hands on (https://github.com/floci-io/floci/issues/2172).
    """
    length = gateway.header(event, "content-length")
    return length.isdecimal() and length.lstrip("0") != str(len(body.encode(errors="replace")))
