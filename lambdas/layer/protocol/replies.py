"""The frames that the service itself sends, as values. No I/O, no imports of weight."""

from typing import Any

Frame = dict[str, Any]


def pong() -> Frame:
    """Answer a ping."""
    return {"client": "server", "type": "pong"}


def subscribed(
    merchant_id: str, ref: str | int, *, replayed: int, now: str, expires_at: str
) -> Frame:
    """Confirm a subscription; `now`, `expires_at`: RFC 3339."""
    return {
        "client": "server",
        "type": "subscribed",
        "merchant_id": merchant_id,
        "ref": ref,
        "replayed": replayed,
        "now": now,
        "expires_at": expires_at,
    }


def unsubscribed(merchant_id: str, ref: str | int) -> Frame:
    """Confirm that a subscription was deleted."""
    return {"client": "server", "type": "unsubscribed", "merchant_id": merchant_id, "ref": ref}


def notifications(  # noqa: PLR0913 - the answer has these parts
    merchant_id: str,
    ref: str | int,
    *,
    notifications: list[Frame],
    more: bool,
    now: str,
    poll_after: int,
) -> Frame:
    """Answer a poll, the oldest first; `now`: RFC 3339, `poll_after` in milliseconds."""
    return {
        "client": "server",
        "type": "notifications",
        "merchant_id": merchant_id,
        "ref": ref,
        "notifications": notifications,
        "more": more,
        "now": now,
        "poll_after": poll_after,
    }


def error(
    code: str, message: str, *, retryable: bool, request_id: str, field: str | None = None
) -> Frame:
    """Reject a frame; `message` says what to do, `field` names the invalid field."""
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
