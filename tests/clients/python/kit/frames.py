"""Frames as the service sends them, and its clock."""

import json
import time
from typing import Any

from ws_notify.values import parse_time

NOW = "2026-11-23T09:30:00.000Z"
LATER = "2026-11-23T09:35:00.000Z"
END = "2026-11-23T11:30:00.000Z"
"""Two hours after NOW."""


class FrozenTime:
    """Replaces the module `time`; its wall clock is so many seconds ahead of the service's."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self, ahead: float = 0.0) -> None:
        self.time = lambda: parse_time(NOW) + ahead


def notification(ref: str | int | None = "12303", **more: Any) -> str:
    return json.dumps(
        {
            "client": "backend",
            "merchant_id": "shop",
            "ref": ref,
            "project": "checkout",
            "type": "payment",
            "status": "done",
            "message": "paid",
            "id": "n-1",
            "sent_at": NOW,
            **more,
        }
    )


def subscribed(ref: str | int = "12303", **more: Any) -> str:
    frame = {"client": "server", "type": "subscribed", "merchant_id": "shop", "ref": ref}
    return json.dumps({**frame, "replayed": 0, "now": NOW, "expires_at": END, **more})


def receipt(id_: str = "n-1", **more: Any) -> str:
    frame = {"client": "server", "type": "receipt", "id": id_, "merchant_id": "shop", "ref": "1"}
    counts = {"accepted": 1, "gone": 0, "failed": 0}
    return json.dumps({**frame, "sent_at": NOW, **counts, "duplicate": False, **more})


def error(code: str = "forbidden", **more: Any) -> str:
    frame = {"client": "server", "type": "error", "code": code, "message": "Do something else"}
    return json.dumps({**frame, "retryable": False, "request_id": "r-1", **more})


GATEWAYS_ERROR = '{"message": "Internal server error", "connectionId":"Q=", "requestId":"g-1"}'
CRASHED = error("internal_error", retryable=True)
GARBAGE: list[str | bytes] = [
    "",
    "garbage",
    "[]",
    "null",
    "1" * 5000,
    "[" * 100_000,
    b"\x00\xff",
    "{}",
    '{"client": "server"}',
    '{"client": "server", "type": "news"}',
    '{"client": "server", "type": ["subscribed"]}',
    '{"client": "server", "type": "subscribed", "merchant_id": "shop", "ref": "12303"}',
    subscribed(now="yesterday"),
    subscribed(ref=True),
    subscribed(ref="another"),
    '{"client": "backend", "id": "n-9"}',
    notification(id=7),
    notification(ref=None),
    '{"message": "who says that?"}',
]
