"""Frames that tests send through a handler, and the state that they check afterwards."""

import json
from typing import Any

from lambdas.layer.handler import Handler
from tests.kit.dynamodb import FakeDynamoDb
from tests.kit.frames import publish, subscribe


def handle(handler: Handler, connection_id: str | None, text: str, **known: Any) -> dict[str, Any]:
    """Handle a frame that has an answer."""
    reply = handler.handle(connection_id, text, **{"request_id": "r1", **known})
    assert reply is not None
    json.dumps(reply).encode()
    return reply


def subscribe_connections(handler: Handler, *connection_ids: str, **changes: Any) -> None:
    for connection_id in connection_ids:
        assert handle(handler, connection_id, subscribe(**changes))["type"] == "subscribed"


def publish_notification(handler: Handler, **changes: Any) -> dict[str, Any]:
    receipt = handle(handler, "backend", publish(**changes))
    assert receipt["type"] == "receipt"
    return receipt


def subscribed_connections(tables: FakeDynamoDb) -> set[str]:
    return {row["connection_id"]["S"] for row in tables.subscriptions()}
