"""Encoding and decoding the frames of docs/protocol.md."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ws_notify.exceptions import RefusedError
from ws_notify.values import Notification, Receipt, Ref, Topic, parse_time

_RESERVED = frozenset({"action", "client", "sent_at"})


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The answer to a subscribe: `now` is the service's clock, `lifetime` is in seconds."""

    topic: Topic
    replayed: int
    now: str
    lifetime: float


Frame = Notification | Receipt | Subscribed | RefusedError


def subscribe(topic: Topic, since: str | None) -> str:
    """Encode a subscribe, or its repetition."""
    frame = {"client": "frontend", "merchant_id": topic.merchant_id, "ref": topic.ref}
    return encode(frame if since is None else {**frame, "since": since})


def publish(fields: Mapping[str, Any]) -> str:
    """Encode a publish. Raises ValueError, TypeError for invalid JSON and reserved fields."""
    if taken := _RESERVED & fields.keys():
        raise ValueError(f"Reserved by the protocol, not valid in a notification: {sorted(taken)}")
    text = encode({"client": "backend", **fields})
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("Half of a surrogate pair is not valid text") from None
    return text


def encode(frame: Mapping[str, Any]) -> str:
    """Encode an object. Raises ValueError, TypeError for what JSON does not have."""
    return json.dumps(frame, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read(data: str | bytes) -> Frame | None:
    """Decode a frame of the service; None for an invalid frame, and for an unknown one."""
    if not isinstance(data, str):
        return None
    try:
        frame = json.loads(data)
        return _frame(frame) if isinstance(frame, dict) else None
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _frame(frame: Mapping[str, Any]) -> Frame | None:
    if frame.get("client") == "backend":
        return _notification(frame)
    if frame.get("client") == "server":
        reader = _READERS.get(frame["type"])
        return None if reader is None else reader(frame)
    if "client" not in frame and "connectionId" in frame:
        return _gateways_error(frame)
    return None


def _notification(frame: Mapping[str, Any]) -> Notification:
    names = ("id", "merchant_id", "project", "type", "status", "message", "sent_at")
    return Notification(
        **{name: _string(frame, name) for name in names}, ref=_ref(frame), data=frame
    )


def _subscribed(frame: Mapping[str, Any]) -> Subscribed:
    now = _string(frame, "now")
    return Subscribed(
        topic=Topic(_string(frame, "merchant_id"), _ref(frame)),
        replayed=int(frame["replayed"]),
        now=now,
        lifetime=parse_time(_string(frame, "expires_at")) - parse_time(now),
    )


def _receipt(frame: Mapping[str, Any]) -> Receipt:
    return Receipt(
        id=_string(frame, "id"),
        merchant_id=_string(frame, "merchant_id"),
        ref=_ref(frame),
        sent_at=_string(frame, "sent_at"),
        accepted=int(frame["accepted"]),
        gone=int(frame["gone"]),
        failed=int(frame["failed"]),
        duplicate=bool(frame["duplicate"]),
    )


def _error(frame: Mapping[str, Any]) -> RefusedError:
    return RefusedError(
        _string(frame, "message"),
        code=_string(frame, "code"),
        field=frame.get("field"),
        retryable=frame.get("retryable") is True,
        request_id=frame.get("request_id"),
    )


def _gateways_error(frame: Mapping[str, Any]) -> RefusedError:
    """Decode API Gateway's own error, of a function that failed, is throttled or too slow."""
    return RefusedError(
        _string(frame, "message"),
        code="gateway_error",
        retryable=True,
        request_id=frame.get("requestId"),
    )


_READERS: dict[str, Callable[[Mapping[str, Any]], Frame]] = {
    "subscribed": _subscribed,
    "receipt": _receipt,
    "error": _error,
}


def _string(frame: Mapping[str, Any], name: str) -> str:
    if not isinstance(value := frame[name], str):
        raise TypeError(name)
    return value


def _ref(frame: Mapping[str, Any]) -> Ref:
    ref = frame["ref"]
    if isinstance(ref, bool) or not isinstance(ref, str | int):
        raise TypeError("ref")
    return ref
