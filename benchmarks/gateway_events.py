"""The events that API Gateway sends, and the lines of its access logs. Values only.

The events have the fields that the handlers and the access logs read, in the shape of captured
ones; of `requestId` and its like only the length counts.
"""

import re
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from benchmarks.metered import Json

_ROUTES: Final = {"CONNECT": "$connect", "MESSAGE": "$default", "DISCONNECT": "$disconnect"}
_EVENT_AGE_MS: Final = 200
"""So that a latency in the log has three digits on any machine."""

_ID: Final = "V7mRAE3KDoEFk4Q="
_TIME: Final = "23/Nov/2026:09:30:02 +0000"
_OK: Final = {"status": 200, "latency": 30, "requestId": UUID(int=0)}
"""Of a function that was called, as an access log has it."""


# -- the WebSocket API


def new_connection(number: int) -> Json:
    """Return the part of `requestContext` that the events of a connection share."""
    return {
        "connectionId": f"V7mQkd0fDoECJ{number}=",
        "connectedAt": _now() - _EVENT_AGE_MS,
        "domainName": "k3vq8x1m2c.execute-api.us-east-1.amazonaws.com",
        "stage": "prod",
    }


def connection_event(type_: str, connection: Json, **more: Any) -> Json:
    """Return the event of a connection: CONNECT, MESSAGE or DISCONNECT."""
    request = {
        "eventType": type_,
        "routeKey": _ROUTES[type_],
        "requestId": _ID,
        "extendedRequestId": _ID,
        "requestTime": _TIME,
        "requestTimeEpoch": _now() - _EVENT_AGE_MS,
    }
    return {"requestContext": {**connection, **request}, **more}


def access_line(log_format: str, context: Json) -> str:
    """Return the line that the WebSocket API logs of an event with this context."""
    authorizer = _named("authorizer", _OK) if context["eventType"] == "CONNECT" else {}
    return _line(log_format, {**context, **_integration(), **authorizer})


# -- the HTTP API


def http_event(route: str, token: str, body: str) -> Json:
    """Return the event of a request, in payload format 2.0; `route` is e.g. `POST /publish`."""
    method, _, path = route.partition(" ")
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": f"/prod{path}",
        "rawQueryString": "",
        "headers": {"authorization": f"Bearer {token}", "content-type": "application/json"},
        "requestContext": {
            "domainName": "q7f2m9d4ha.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": f"/prod{path}", "protocol": "HTTP/1.1"},
            "requestId": _ID,
            "routeKey": route,
            "stage": "prod",
            "time": _TIME,
            "timeEpoch": _now() - _EVENT_AGE_MS,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def authorizer_event(event: Json) -> Json:
    """Return what the authorizer gets before this request: all of it but its body."""
    arn = "arn:aws:execute-api:us-east-1:123456789012:q7f2m9d4ha/prod/POST/-"
    more = {"type": "REQUEST", "routeArn": arn}
    return {**{name: value for name, value in event.items() if name != "body"}, **more}


def http_access_line(log_format: str, context: Json, response_bytes: int) -> str:
    """Return the line that the HTTP API logs of a request that was answered."""
    known = {"requestTime": context["time"], "responseLength": response_bytes}
    return _line(log_format, {**context, **known, **_integration()})


def _integration() -> Json:
    return {
        **_named("integration", _OK),
        "integrationLatency": _OK["latency"],
        "status": _OK["status"],
    }


def _named(prefix: str, values: Mapping[str, Any]) -> Json:
    return {f"{prefix}.{name}": value for name, value in values.items()}


def _line(log_format: str, known: Mapping[str, Any]) -> str:
    """Fill in a format; a variable without a value is a dash in it."""
    return re.sub(r"\$context\.([\w.]+)", lambda it: str(known.get(it[1], "-")), log_format)


def _now() -> int:
    return time.time_ns() // 1_000_000
