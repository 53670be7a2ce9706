"""Altering an input: as a text anywhere, and as a JSON value by its structure."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final

_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 1.0, 0.5, -0.0, 2**53 - 1, 2**53, -(2**53), 10**300, 1e308,
    "", " ", "#", "a", "12303", "é", "💳", "\x00", "\ud800", "x" * 128, "x" * 129, "é" * 256,
    "é" * 257, "frontend", "backend", "server", "done", "failed", "ping", "unsubscribe", "$connect",
    "HS256", "none", "HS512", "first", "second", "2026-11-23T09:30:00.000Z",
    "2026-02-30T09:30:00Z", "2026-11-23T09:30:00+25:00", "shop", "other",
    [], {}, [[]], [None], ["12303"], ["12303", 1], {"a": {}}, ["r"] * 21,
    1_795_426_200, 1_795_426_260, 1_795_429_800, 1_795_512_600, 1_795_512_601, 1_795_426_260_000,
)  # fmt: skip
_NAMES: Final = (
    "client", "merchant_id", "ref", "project", "type", "status", "message", "id", "action",
    "since", "sent_at", "extra", "alg", "kid", "typ", "crit", "b64", "exp", "nbf", "iat",
    "Authorization", "authorization", "Origin", "Host", "token", "body", "refs", "",
    "expires_at_ms",
)  # fmt: skip
_PIECES: Final = (
    '"', "{", "}", "[", "]", ":", ",", "\\", "\\u", "\\ud800", "\\u0000", "NaN", "Infinity",
    "-Infinity", "1e400", "-", ".", "0", "9" * 400, "null", "true", "tru", "/*", "\ufeff",
    "\ud83d", "é", "💳", "\x00", "\n", "=", "==", "Bearer ", '"ref":"2",', '"client":"backend",',
    "[" * 70, "]" * 70, "[" * 2000, "{" * 70, '{"a":' * 70, "%2E", "#",
)  # fmt: skip
_LONGEST: Final = 20_000
"""Characters beyond which an input is not made longer."""


def changed_text(text: str, others: Sequence[str], random: Random) -> str:
    """Return a text altered in one to four places, or crossed with another."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at, end = sorted(random.randrange(len(text) + 1) for _ in range(2))
        end = random.choice((at, at + 1, end))
        if len(text) > _LONGEST:
            piece = ""
        elif random.random() < 0.1:
            piece = random.choice(others)[at:]
        elif random.random() < 0.2:
            piece = text[at:end] * random.choice((1, 2, 3))
        else:
            piece = random.choice(_PIECES)
        text = text[:at] + piece + text[end:]
    return text


def changed_json(text: str, random: Random) -> str:
    """Return a JSON text with one to four of its values altered; another text as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        value = _changed(value, random)
    try:
        return json.dumps(value, ensure_ascii=random.random() < 0.5)
    except RecursionError:
        return text


def _changed(value: Any, random: Random) -> Any:
    if isinstance(value, dict) and (value or random.random() < 0.5):
        return _changed_object(value, random)
    if isinstance(value, list) and value and random.random() < 0.7:
        at = random.randrange(len(value))
        kept = value[:at] + value[at + 1 :]
        return random.choice((kept, [*value, value[at]], [*kept, _changed(value[at], random)]))
    if isinstance(value, str) and value and random.random() < 0.5:
        return changed_text(value, [value], random)
    return random.choice((*_VALUES, [value], {"a": value}, str(value)))


def _changed_object(value: dict[str, Any], random: Random) -> dict[str, Any]:
    name = random.choice((*value, random.choice(_NAMES)))
    match random.randrange(4):
        case 0:
            return {each: value[each] for each in value if each != name}
        case 1:
            return {**value, name: random.choice(_VALUES)}
        case 2:
            return {**value, random.choice(_NAMES): value.get(name)}
        case _:
            return {**value, name: _changed(value.get(name), random)}
