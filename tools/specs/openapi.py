"""docs/openapi.json: what is asked over HTTPS, in OpenAPI 3.1.

Which routes there are, and an error's status and headers, is what `http_events` says.
https://spec.openapis.org/oas/v3.1.1.html
"""

from dataclasses import dataclass
from typing import Any, Final

from lambdas.layer import http_events
from lambdas.layer.protocol.replies import Frame
from tools.specs import examples, fields, replies, requests, responses
from tools.specs.fields import Schema, refer

_METHOD: Final = "POST "


@dataclass(frozen=True, slots=True)
class _Operation:
    """What a route does; `body` and `answer` name schemas, `bodies` are examples by name."""

    id: str
    summary: str
    description: str
    body: str
    bodies: dict[str, dict[str, Any]]
    answer: str
    answered: str
    example: Frame


_OPERATIONS: Final = {
    "POST /publish": _Operation(
        "publish",
        "Publish a notification to everyone who waits for its reference",
        "For a backend. The answer comes when the notification is stored and was posted to the "
        "connections that wait for it. With an `id` it may be sent again: it is stored once.",
        "Publish",
        {"paid": examples.PUBLISH, "declined": examples.MINIMAL},
        "Receipt",
        "What became of the notification",
        examples.RECEIPT,
    ),
    "POST /notifications": _Operation(
        "poll",
        "Ask for the notifications of a reference, without a WebSocket",
        "For a page whose network blocks WebSockets, and for a backend. Asking writes nothing. "
        "Before you ask again, wait `poll_after` milliseconds; then send the `now` of the last "
        "answer as `since`.",
        "Poll",
        {"first": examples.TOPIC, "again": examples.POLL},
        "Notifications",
        "What was published and is kept: for an hour, unless the stage says otherwise",
        examples.NOTIFICATIONS,
    ),
}

_SERVERS: Final = (
    {
        "url": "https://{api_id}.execute-api.{region}.amazonaws.com/{stage}",
        "description": "A stage on AWS: the output `HttpEndpointURL` of its stack",
        "variables": {
            "api_id": {"default": "api-id", "description": "The id of the HTTP API"},
            "region": {"default": "eu-west-1", "description": "The region of AWS"},
            "stage": {"default": "prod", "description": "The name of the stage"},
        },
    },
    {
        "url": "https://{name}",
        "description": "A stage on AWS with a custom domain: its `http_domain`",
        "variables": {"name": {"default": "notify-http.shop.example", "description": "Its name"}},
    },
    {
        "url": "http://localhost:{port}/_aws/execute-api/notify-http/local",
        "description": "The stage `local`, of `make run`",
        "variables": {"port": {"default": "4566", "description": "The port of the local AWS"}},
    },
)

_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A backend's publishes, and asks for its merchant; a frontend's asks for its "
    "refs. docs/security.md mints them. None is needed where the stage's `auth` is not `required`.",
}


def document() -> dict[str, Any]:
    """Return the document."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "OttuWsNotify over HTTPS",
            "version": "1",
            "summary": "Publish notifications, and poll for them where WebSockets are blocked.",
            "description": "A body is one JSON object in UTF-8, whatever its `Content-Type` says, "
            "in which no object has a name twice. docs/protocol.md is the whole contract, "
            "docs/asyncapi.json describes the WebSocket.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": list(_SERVERS),
        "security": [{"token": []}, {}],
        "tags": [{"name": "notifications", "description": "Publishing, and polling"}],
        "paths": {
            route.removeprefix(_METHOD): {"post": _operation(_OPERATIONS[route])}
            for route in http_events.ROUTES
        },
        "components": {
            "schemas": _schemas(),
            "responses": responses.components(),
            "securitySchemes": {"token": _TOKEN},
        },
    }


def _operation(of: _Operation) -> dict[str, Any]:
    bodies = {name: {"value": value} for name, value in of.bodies.items()}
    media = {"schema": refer(of.body), "examples": bodies}
    return {
        "operationId": of.id,
        "tags": ["notifications"],
        "summary": of.summary,
        "description": of.description,
        "requestBody": {"required": True, "content": {"application/json": media}},
        "responses": {
            "200": responses.answer(of.answer, of.answered, of.example),
            **responses.references(),
        },
    }


def _schemas() -> dict[str, Schema]:
    return {
        **requests.bodies(),
        **replies.RECEIPT,
        **replies.NOTIFICATIONS,
        **replies.NOTIFICATION,
        "ErrorResponse": _error(),
        **fields.shared(),
    }


def _error() -> Schema:
    """Return the schema of every error: one type, since few generators know a union of two."""
    frame = replies.ERROR["Error"]
    others = [name for name in frame["required"] if name not in {"client", "message"}]
    return {
        **frame,
        "description": "Why a request was refused: the service's `error` frame, or what API "
        "Gateway answers itself, which has a `message` alone. Send the same again, a publish with "
        "its `id`, where `retryable` is true; and after 429, 500, 503 or 504 without it.",
        "required": ["message"],
        "dependentRequired": {"client": others, **{name: ["client"] for name in others}},
    }
