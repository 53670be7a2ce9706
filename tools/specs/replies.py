"""What the service sends, as both documents have it: the frames of the layer's `replies`."""

from typing import Final

from lambdas.layer.protocol.errors import RejectedRequest
from tools.specs.fields import Schema, constant, field, properties, refer, time
from tools.specs.requests import MORE_FIELDS

INTERNAL_ERROR: Final = "internal_error"
CODES: Final = (*(one.code for one in RejectedRequest.__subclasses__()), INTERNAL_ERROR)
"""Of the `error` frame."""

_TOPIC: Final = {"merchant_id": field("merchant_id"), "ref": field("ref")}


def _count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def _frame(type_: str, description: str, **fields: Schema) -> Schema:
    """Return the schema of a frame of the service's own: all of these fields are always there."""
    own = {
        "client": constant("server", "The service itself"),
        "type": constant(type_, "Which frame this is"),
        **fields,
    }
    return {
        "type": "object",
        "description": description,
        "required": list(own),
        "properties": own,
    }


def _error() -> Schema:
    frame = _frame(
        "error",
        "Why a request was refused. Nothing was changed; of an `internal_error` alone that cannot "
        "be said.",
        code={"type": "string", "enum": list(CODES), "description": "The reason"},
        message={"type": "string", "description": "What was wrong, and what to do"},
        retryable={
            "type": "boolean",
            "description": "Whether to send the same again; a publish with its `id`",
        },
        request_id={"type": "string", "description": "Finds the request in the service's logs"},
    )
    field_ = {"type": "string", "description": "The field that is to blame, where one is"}
    return {**frame, "properties": {**frame["properties"], "field": field_}}


def _notification() -> Schema:
    fields = {**properties("publish"), "sent_at": time("When the service took it")}
    return {
        "type": "object",
        "description": f"What was published, with `id` and `sent_at`. {MORE_FIELDS}",
        "required": list(fields),
        "properties": fields,
        "additionalProperties": True,
    }


NOTIFICATION: Final = {"Notification": _notification()}
ERROR: Final = {"Error": _error()}

RECEIPT: Final = {
    "Receipt": _frame(
        "receipt",
        "What became of a notification: in how many connections.",
        id={**field("id"), "description": "The notification's: as it was sent, or the request's"},
        **_TOPIC,
        sent_at=time("When the service took it; of a duplicate, when it took the first"),
        accepted=_count("Connections for which API Gateway took it; not: that a person saw it"),
        gone=_count("Connections that were found dead, and deleted"),
        failed=_count("Connections that get it at their next subscribe: posting failed"),
        duplicate={
            "type": "boolean",
            "description": "Whether the same `id` with the same content was there already",
        },
    )
}

NOTIFICATIONS: Final = {
    "Notifications": _frame(
        "notifications",
        "The answer to a poll.",
        **_TOPIC,
        notifications={
            "type": "array",
            "description": "The newest 100 at most, of 2 MiB together, oldest first. One may come "
            "again in a later answer: drop an `id` that you have seen",
            "maxItems": 100,
            "items": refer("Notification"),
        },
        more={
            "type": "boolean",
            "description": "Whether there are older ones that this answer leaves out",
        },
        now=time("The service's clock: send it back as `since`"),
        poll_after={
            "type": "integer",
            "minimum": 2000,
            "maximum": 3000,
            "description": "Milliseconds to wait, at least, before the next poll",
        },
    )
}

SOCKET: Final = {
    "Subscribed": _frame(
        "subscribed",
        "The subscription stands: a publish that starts from now on finds it.",
        **_TOPIC,
        replayed=_count("Notifications that were sent before this frame"),
        now=time("The service's clock: the `since` of a later subscribe"),
        expires_at=time("When this connection stops being served"),
    ),
    "Unsubscribed": _frame("unsubscribed", "Nothing more of this `ref` is sent.", **_TOPIC),
    "Pong": _frame("pong", "The answer to a ping."),
}

_GATEWAY_FIELDS: Final = {
    "message": "What went wrong",
    "connectionId": "The connection's id, at API Gateway",
    "requestId": "The request's id, at API Gateway",
}
GATEWAY_ERROR: Final = {
    "GatewayError": {
        "type": "object",
        "description": "What API Gateway says itself, over a WebSocket.",
        "required": list(_GATEWAY_FIELDS),
        "properties": {
            name: {"type": "string", "description": description}
            for name, description in _GATEWAY_FIELDS.items()
        },
    }
}
