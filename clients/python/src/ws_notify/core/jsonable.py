"""What the objects of a program look like in JSON, by the rules of Django's DjangoJSONEncoder.

https://docs.djangoproject.com/en/5.2/topics/serialization/#djangojsonencoder
Without Django: its lazy text is known by the name of its class.
"""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

MAX_NESTING = 64
"""Levels of objects and arrays, as the service accepts."""

_MAX_DIGITS = 308
"""Characters of a number, as the service accepts."""


def to_json(value: Any, path: str, depth: int = 1) -> Any:
    """Return dicts, lists, strings, numbers, booleans and None that hold the same.

    `path` names the value in errors. Raises TypeError for an object that JSON has no form for, and
    ValueError for a value that the service refuses: NaN, infinity, half of a surrogate pair, a
    number of more than 308 digits, more than 64 levels.
    """
    value = unwrap(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return to_json(value.value, path, depth)
    if isinstance(value, str) or is_lazy(value):
        return _text(value, path)
    if isinstance(value, int | float | Decimal):
        return _number(value, path)
    if isinstance(value, date | time | timedelta | UUID):
        return _iso(value, path)
    if isinstance(value, dict | list | tuple):
        return _container(value, path, depth + 1)
    raise TypeError(f"{path} cannot be written as JSON: {_kind(value)}")


def is_lazy(value: object) -> bool:
    """Tell whether this is a lazy text of Django, such as `gettext_lazy` returns."""
    return _is_of_django(value, "Promise")


def _is_of_django(value: object, name: str) -> bool:
    return any(
        (each.__module__, each.__name__) == ("django.utils.functional", name)
        for each in type(value).__mro__
    )


def unwrap(value: Any) -> Any:
    """Return what a lazy object of Django stands for, such as the user in `request.user`."""
    while _is_of_django(value, "LazyObject"):
        value = value.__reduce__()[1][0]  # how it is pickled: as what it holds
    return value


def _kind(value: object) -> str:
    kind = type(value)
    model = hasattr(kind, "_meta") and hasattr(kind, "pk")
    return f"{kind.__name__}; pass its primary key, `.pk`" if model else kind.__name__


def _text(value: Any, path: str) -> str:
    # What a subclass holds, whatever it shows.
    text = str.__str__(value) if isinstance(value, str) else str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{path} holds half of a surrogate pair, which is not text") from None
    return text


def _number(value: float | Decimal, path: str) -> int | float | str:
    if isinstance(value, int):
        if abs(value) >= 10 ** (_MAX_DIGITS - (value < 0)):
            raise ValueError(f"{path} has more than {_MAX_DIGITS} digits; write it as a string")
        return int(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{path} is not a number: {value}")
        return str(value)
    if not math.isfinite(value):
        raise ValueError(f"{path} is not a number: {value}. JSON has neither NaN nor infinity")
    return float(value)


def _iso(value: date | time | timedelta | UUID, path: str) -> str:
    """Return ISO 8601, times with milliseconds as ECMAScript has them; a UUID with its hyphens."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, time) and value.utcoffset() is not None:
        raise ValueError(f"{path} is a time of day with a time zone, which ISO 8601 does not have")
    if isinstance(value, datetime | time) and value.microsecond:
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat().replace("+00:00", "Z")


def _duration(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06d}" if value.microseconds else ""
    return f"{sign}P{value.days}DT{hours:02d}H{minutes:02d}M{seconds:02d}{fraction}S"


def _container(value: Any, path: str, depth: int) -> Any:
    if depth > MAX_NESTING:  # a circle, too
        raise ValueError(f"{path[:80]} nests more than {MAX_NESTING} levels deep")
    if not isinstance(value, dict):
        return [to_json(each, f"{path}[{number}]", depth) for number, each in enumerate(value)]
    written: dict[str, Any] = {}
    for key, each in value.items():
        name = _key(key, path)
        if name in written:
            raise ValueError(f"{path} has the key {name!r} twice")
        written[name] = to_json(each, f"{path}.{name}", depth)
    return written


def _key(key: Any, path: str) -> str:
    """Return the name that `json.dumps` gives a key."""
    plain = to_json(key, f"a key of {path}") if not isinstance(key, tuple | list | dict) else key
    if isinstance(plain, str):
        return plain
    if plain is None or isinstance(plain, bool):
        return {None: "null", True: "true", False: "false"}[plain]
    if isinstance(plain, int | float):
        return repr(plain)
    raise TypeError(f"a key of {path} is not text: {_kind(key)}")
