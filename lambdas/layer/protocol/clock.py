"""Points in time: whole milliseconds since 1970 inside, RFC 3339 in UTC on the wire."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
"""Returns the time now in milliseconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# fromisoformat takes more than RFC 3339: week dates, an offset of 05:60, which it adds up, and in
# newer Pythons the hour 24. The days of a month and the years it knows itself.
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_RFC3339 = re.compile(
    f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}:[0-5][0-9](?:[.][0-9]{{1,9}})?(?:Z|[+-]{_CLOCK})"
)


def system_clock() -> int:
    """Return the machine's time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def to_rfc3339(milliseconds: int) -> str:
    """Return e.g. `2026-11-23T09:30:00.125Z`: fixed in length, so that texts sort as times do."""
    moment = _EPOCH + timedelta(milliseconds=max(milliseconds, 0))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def from_rfc3339(text: str) -> int:
    """Return the milliseconds since 1970 of an RFC 3339 time with any offset.

    With a capital T and Z, up to nanoseconds, and without leap seconds, as services write it.
    Raises ValueError for any other text.
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError("not a time of RFC 3339 with an offset")
    moment = datetime.fromisoformat(text)
    try:
        return (moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except OverflowError as error:
        raise ValueError("a time outside the years 1 to 9999 of UTC") from error
