"""What both documents show: a payment, and the frames with which the layer itself answers."""

from typing import Any, Final

from lambdas.layer.protocol import replies
from lambdas.layer.protocol.errors import Forbidden, InvalidJson, InvalidMessage, TooLarge
from lambdas.layer.protocol.replies import Frame
from tools.specs.replies import INTERNAL_ERROR

_MERCHANT: Final = "shop"
_REF: Final = "12303"
_SENT_AT: Final = "2026-11-23T09:30:00.125Z"
_NOW: Final = "2026-11-23T09:30:01.250Z"
_REQUEST: Final = "fSk2bgjLjoEEJ5g="

TOPIC: Final = {"merchant_id": _MERCHANT, "ref": _REF}
POLL: Final = {**TOPIC, "since": "2026-11-23T09:29:58.000Z"}
SUBSCRIBE: Final = {"client": "frontend", **TOPIC}
RESUBSCRIBE: Final = {"client": "frontend", **POLL}
UNSUBSCRIBE: Final = {"action": "unsubscribe", **TOPIC}
PING: Final = {"action": "ping"}
PUBLISH: Final = {
    "client": "backend",
    **TOPIC,
    "project": "checkout",
    "type": "payment",
    "status": "done",
    "message": "paid",
    "id": "payment-12303-done",
    "amount": "10.100",
}
MINIMAL: Final = {
    "merchant_id": _MERCHANT,
    "ref": 12303,
    "project": "checkout",
    "type": "payment",
    "status": "failed",
    "message": "declined",
}

NOTIFICATION: Final = {**PUBLISH, "sent_at": _SENT_AT}
RECEIPT: Final = replies.receipt(
    _MERCHANT,
    _REF,
    id_="payment-12303-done",
    sent_at=_SENT_AT,
    accepted=1,
    gone=0,
    failed=0,
    duplicate=False,
)
NOTIFICATIONS: Final = replies.notifications(
    _MERCHANT, _REF, notifications=[NOTIFICATION], more=False, now=_NOW, poll_after=2417
)
SUBSCRIBED: Final = replies.subscribed(
    _MERCHANT, _REF, replayed=1, now=_NOW, expires_at="2026-11-23T11:30:01.250Z"
)
UNSUBSCRIBED: Final = replies.unsubscribed(_MERCHANT, _REF)
PONG: Final = replies.pong()


def _rejected(code: str, message: str, field: str | None = None) -> Frame:
    return replies.error(code, message, retryable=False, request_id=_REQUEST, field=field)


ERRORS: Final[dict[str, dict[str, Any]]] = {
    InvalidJson.code: _rejected(InvalidJson.code, "send one JSON object in UTF-8"),
    InvalidMessage.code: _rejected(
        InvalidMessage.code, "status must be `done` or `failed`", "status"
    ),
    TooLarge.code: _rejected(
        TooLarge.code,
        "the notification would be 140233 bytes as delivered; make it at most 131072, e.g. by "
        "sending a link instead of the content",
    ),
    Forbidden.code: _rejected(Forbidden.code, "the token is for other refs", "ref"),
    INTERNAL_ERROR: replies.error(
        INTERNAL_ERROR,
        "this is our fault; send the same again",
        retryable=True,
        request_id=_REQUEST,
    ),
}
"""By their codes."""

GATEWAY_ERROR: Final = {
    "message": "Internal server error",
    "connectionId": "fSk2bfnWjoECJ5g=",
    "requestId": _REQUEST,
}
"""As docs/protocol.md has it: over a WebSocket."""
