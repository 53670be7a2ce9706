"""docs/asyncapi.json: what travels over the WebSocket, in AsyncAPI 3.

The operations are the service's: it receives what clients send.
https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from dataclasses import dataclass
from typing import Any, Final

from tools.specs import examples, fields, replies, requests
from tools.specs.fields import refer

_CHANNEL: Final = "socket"
_FAILURES: Final = ("error", "gatewayError")


@dataclass(frozen=True, slots=True)
class _Message:
    """What one frame is; `schema` names that of its payload."""

    schema: str
    summary: str
    examples: tuple[dict[str, Any], ...]


_MESSAGES: Final = {
    "subscribe": _Message(
        "Subscribe",
        "Wait for the notifications of a reference; again, as a keep-alive, with `since`",
        (examples.SUBSCRIBE, examples.RESUBSCRIBE),
    ),
    "publish": _Message(
        "Publish", "Publish to everyone who waits for the reference", (examples.PUBLISH,)
    ),
    "unsubscribe": _Message(
        "Unsubscribe", "Wait no longer for a reference", (examples.UNSUBSCRIBE,)
    ),
    "ping": _Message("Ping", "Keep the connection open", (examples.PING,)),
    "notification": _Message(
        "Notification", "What was published, live or replayed", (examples.NOTIFICATION,)
    ),
    "subscribed": _Message("Subscribed", "The subscription stands", (examples.SUBSCRIBED,)),
    "unsubscribed": _Message("Unsubscribed", "It has ended", (examples.UNSUBSCRIBED,)),
    "receipt": _Message("Receipt", "What became of the notification", (examples.RECEIPT,)),
    "pong": _Message("Pong", "The connection works", (examples.PONG,)),
    "error": _Message("Error", "The frame was refused", tuple(examples.ERRORS.values())),
    "gatewayError": _Message(
        "GatewayError",
        "API Gateway could not ask the service: send the frame again, later",
        (examples.GATEWAY_ERROR,),
    ),
}

_REPLIES: Final = {
    "subscribe": "subscribed",
    "publish": "receipt",
    "unsubscribe": "unsubscribed",
    "ping": "pong",
}
"""Of each frame of a client: what answers it, if nothing fails."""

_DESCRIPTIONS: Final = {
    "subscribe": "For a frontend. What was published within the retention comes first, oldest "
    "first, as ordinary notifications; then `subscribed`. Several refs a connection are allowed.",
    "publish": "For a backend. With an `id` it may be sent again: it is stored once.",
    "unsubscribe": "Wait for the answer before you subscribe to the same `ref` again.",
    "ping": "It reads and writes no table. API Gateway closes a connection that is silent for 10 "
    "minutes, and every one after 2 hours.",
}

_SECURITY: Final = {
    "token": {
        "type": "httpApiKey",
        "name": "token",
        "in": "query",
        "description": "A JWT, for those who cannot set headers, as browsers",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A JWT, for those who can set headers",
    },
}

_SERVERS: Final = {
    "aws": {
        "host": "{api_id}.execute-api.{region}.amazonaws.com",
        "pathname": "/{stage}",
        "protocol": "wss",
        "description": "A stage on AWS: the output `WebsocketConnectEndpointURL` of its stack. A "
        "token is needed where its `auth` is `required`; docs/security.md mints them",
        "variables": {
            "api_id": {"default": "api-id", "description": "The id of the WebSocket API"},
            "region": {"default": "eu-west-1", "description": "The region of AWS"},
            "stage": {"default": "prod", "description": "The name of the stage"},
        },
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
    },
    "customDomain": {
        "host": "{name}",
        "protocol": "wss",
        "description": "A stage on AWS with a custom domain: its `websocket_domain`",
        "variables": {"name": {"default": "notify.shop.example", "description": "Its name"}},
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
    },
    "local": {
        "host": "localhost:{port}",
        "pathname": "/_aws/execute-api/notify/local",
        "protocol": "ws",
        "description": "The stage `local`, of `make run`",
        "variables": {"port": {"default": "4566", "description": "The port of the local AWS"}},
    },
}

_HANDSHAKE: Final = {
    "method": "GET",
    "query": {
        "type": "object",
        "properties": {"token": {"type": "string", "description": "A JWT"}},
    },
    "headers": {
        "type": "object",
        "properties": {
            "Authorization": {"type": "string", "description": "`Bearer` and a JWT"},
            "Origin": {
                "type": "string",
                "description": "A page's: a stage may list those that it lets in",
            },
        },
    },
    "bindingVersion": "0.1.0",
}


def document() -> dict[str, Any]:
    """Return the document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "OttuWsNotify over a WebSocket",
            "version": "1",
            "description": "Wait for notifications, and publish them. The operations are the "
            "service's: it receives what clients send. Each frame is a text frame of one JSON "
            "object in UTF-8. docs/protocol.md is the whole contract, docs/openapi.json describes "
            "HTTPS.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {
            _CHANNEL: {
                "address": "",
                "title": "A connection",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _MESSAGES},
                "bindings": {"ws": _HANDSHAKE},
            }
        },
        "operations": {**{name: _received(name) for name in _REPLIES}, "notify": _notify()},
        "components": {
            "schemas": _schemas(),
            "messages": {name: _message(name, of) for name, of in _MESSAGES.items()},
            "securitySchemes": _SECURITY,
        },
    }


def _received(name: str) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{_CHANNEL}"},
        "summary": _MESSAGES[name].summary,
        "description": _DESCRIPTIONS[name],
        "messages": _messages(name),
        "reply": {
            "channel": {"$ref": f"#/channels/{_CHANNEL}"},
            "messages": _messages(_REPLIES[name], *_FAILURES),
        },
    }


def _notify() -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_CHANNEL}"},
        "summary": "Bring what was published to those who wait for it",
        "description": "At least once: drop an `id` that you have seen.",
        "messages": _messages("notification"),
    }


def _messages(*names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{_CHANNEL}/messages/{name}"} for name in names]


def _message(name: str, of: _Message) -> dict[str, Any]:
    return {
        "name": name,
        "title": of.schema,
        "summary": of.summary,
        "payload": refer(of.schema),
        "examples": [{"payload": payload} for payload in of.examples],
    }


def _schemas() -> dict[str, fields.Schema]:
    return {
        **requests.frames(),
        **replies.NOTIFICATION,
        **replies.SOCKET,
        **replies.RECEIPT,
        **replies.ERROR,
        **replies.GATEWAY_ERROR,
        **fields.shared(),
    }
