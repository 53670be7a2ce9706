"""Frames that tests send through a handler, and what they look at afterwards."""

import json
from typing import Any

from lambdas.layer.handler import Handler
from tests.lambdas.examples import publish, subscribe
from tests.lambdas.tables import Tables


def do(handler: Handler, connection_id: str | None, text: str, **known: Any) -> dict[str, Any]:
    """Handle a frame that has an answer."""
    reply = handler.handle(connection_id, text, **{"request_id": "r1", **known})
    assert reply is not None
    json.dumps(reply).encode()
    return reply


def join(handler: Handler, *connection_ids: str, **changes: Any) -> None:
    for connection_id in connection_ids:
        assert do(handler, connection_id, subscribe(**changes))["type"] == "subscribed"


def say(handler: Handler, **changes: Any) -> dict[str, Any]:
    receipt = do(handler, "backend", publish(**changes))
    assert receipt["type"] == "receipt"
    return receipt


def subscribed(tables: Tables) -> set[str]:
    return {row["connection_id"]["S"] for row in tables.subscriptions()}
