"""The arguments of callers, as the core takes them: JSON, and by the rules of the service."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from ws_notify.core import frames
from ws_notify.core.jsonable import to_json
from ws_notify.core.rules import validate, validate_field
from ws_notify.values import AnyRef, AnyStatus, AnyText, AnyTime, Ref, Topic

MAX_BYTES = 128 * 1024
"""Of a notification as it is delivered, in UTF-8."""

_SENT_AT = len(',"sent_at":"2026-11-23T09:30:00.125Z"')
"""What the service adds."""


_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-5][0-9]:[0-5][0-9])(?:[.][0-9]{1,9})?"
    r"(?:Z|([+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))"
)
"""As the service takes it, but for the days of a month and the hours of a day."""

_SINCE = (
    "since must be a time as the service writes it, e.g. 2026-11-23T09:30:00.125Z, or a datetime "
    "with a time zone"
)


def build_fields(  # noqa: PLR0913 - a notification has these fields
    id_: AnyText | None,
    merchant_id: AnyText,
    ref: AnyRef,
    project: AnyText,
    type_: AnyText,
    *,
    status: AnyStatus,
    message: AnyText,
    further: Mapping[str, Any],
    deadline: float,
) -> dict[str, Any]:
    """Return the fields of a publish as JSON; a missing `id` is generated: a retry is safe.

    Raises TypeError and ValueError for what cannot be written and for what the service would
    refuse, with the name of the field; and for a `deadline` that is not a number.
    """
    check_seconds("deadline", deadline)
    given = {
        "merchant_id": merchant_id,
        "ref": ref,
        "project": project,
        "type": type_,
        "status": status,
        "message": message,
        "id": uuid4().hex if id_ is None else id_,
        **further,
    }
    fields = {to_json(name, "a name"): to_json(value, name) for name, value in given.items()}
    validate("publish", fields)
    _check_size(fields)
    return fields


def _check_size(fields: Mapping[str, Any]) -> None:
    size = len(frames.publish(fields).encode()) + _SENT_AT
    if size > MAX_BYTES:
        largest = max(fields, key=lambda name: len(frames.encode({name: fields[name]}).encode()))
        raise ValueError(
            f"{largest} is too large: the notification would have {size} bytes, and may have "
            f"{MAX_BYTES}. Send a link instead"
        )


def check_seconds(name: str, value: object) -> None:
    """Raise TypeError for what is not a number, and ValueError for NaN, with this name."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if math.isnan(value):
        raise ValueError(f"{name} must be a number of seconds, not NaN")


def build_topics(merchant_id: AnyText, refs: Sequence[AnyRef]) -> list[Topic]:
    """Return the topics of one merchant's refs. Raises ValueError, TypeError."""
    if not refs:
        raise ValueError("subscribe needs a ref: subscribe('shop', '12303')")
    merchant = to_json(merchant_id, "merchant_id")
    validate_field("merchant_id", merchant)
    return [Topic(merchant, build_ref(ref)) for ref in refs]


def build_ref(ref: AnyRef) -> Ref:
    """Return one ref as it is on the wire. Raises ValueError, TypeError."""
    value: Ref = to_json(ref, "ref")
    validate_field("ref", value)
    return value


def build_since(since: AnyTime | None) -> str | None:
    """Return a time as it is on the wire. Raises ValueError, TypeError."""
    if since is None:
        return None
    if not isinstance(since, str | datetime):
        raise TypeError(f"{_SINCE}, not {type(since).__name__}")
    try:
        moment = since if isinstance(since, datetime) else _parse_rfc3339(since)
        utc = moment.astimezone(timezone.utc) if moment.utcoffset() is not None else None
    except (ValueError, OverflowError):
        utc = None
    if utc is None:
        raise ValueError(_SINCE)
    if isinstance(since, str):
        return str.__str__(since)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parse_rfc3339(text: str) -> datetime:
    """Return it without its fraction, which Python 3.10 does not read. Raises ValueError."""
    if not (read := _RFC3339.fullmatch(text)):
        raise ValueError(text)
    return datetime.fromisoformat(f"{read[1]}{read[2] or '+00:00'}")
