"""Points in time: whole milliseconds since 1970 inside, RFC 3339 in UTC on the wire."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
"""Returns the time now in milliseconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> int:
    """Return the machine's time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def to_rfc3339(milliseconds: int) -> str:
    """Return e.g. `2026-11-23T09:30:00.125Z`: fixed in length, so that texts sort as times do."""
    moment = _EPOCH + timedelta(milliseconds=max(milliseconds, 0))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def from_rfc3339(text: str) -> int:
    """Return the milliseconds since 1970 of an RFC 3339 time with any offset.

    Raises ValueError for a text that is no such time, a missing offset included.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    try:
        return (moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except OverflowError as error:
        raise ValueError("a time outside the years 1 to 9999 of UTC") from error
