"""The frames in which the service itself speaks, as values. No I/O, no imports of weight."""

from typing import Any

Frame = dict[str, Any]


def pong() -> Frame:
    """Answer a ping."""
    return {"client": "server", "type": "pong"}


def subscribed(merchant_id: str, ref: str | int, *, replayed: int, now: str, end: str) -> Frame:
    """Say that a subscription stands; `now`, `end`: RFC 3339."""
    return {
        "client": "server",
        "type": "subscribed",
        "merchant_id": merchant_id,
        "ref": ref,
        "replayed": replayed,
        "now": now,
        "expires_at": end,
    }


def unsubscribed(merchant_id: str, ref: str | int) -> Frame:
    """Say that a subscription is gone."""
    return {"client": "server", "type": "unsubscribed", "merchant_id": merchant_id, "ref": ref}


def error(
    code: str, message: str, *, retryable: bool, request_id: str, field: str | None = None
) -> Frame:
    """Refuse a frame; `message` says what to do, `field` names the one to blame."""
    frame = {
        "client": "server",
        "type": "error",
        "code": code,
        "message": message,
        "retryable": retryable,
        "request_id": request_id,
    }
    return frame if field is None else {**frame, "field": field}


def receipt(  # noqa: PLR0913 - a receipt has these parts
    merchant_id: str,
    ref: str | int,
    *,
    id_: str,
    sent_at: str,
    accepted: int,
    gone: int,
    failed: int,
    duplicate: bool,
) -> Frame:
    """Tell a publisher what became of its notification, in connections."""
    return {
        "client": "server",
        "type": "receipt",
        "id": id_,
        "merchant_id": merchant_id,
        "ref": ref,
        "sent_at": sent_at,
        "accepted": accepted,
        "gone": gone,
        "failed": failed,
        "duplicate": duplicate,
    }
