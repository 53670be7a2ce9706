"""Parsing what a client sends: the text of a frame in, a typed request out. No I/O, no clock.

The rules for the fields are in `schema.json`; here is only what a JSON Schema cannot express.
"""

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import fastjsonschema

from lambdas.layer.protocol.clock import from_rfc3339
from lambdas.layer.protocol.errors import InvalidJson, InvalidMessage
from lambdas.layer.protocol.topic import Topic

MAX_NESTING = 64
"""Levels of nested objects and arrays; more is rejected before anything recurses."""

MAX_DIGITS = 308
"""Characters of a number; with more, readers would round it, or find it infinite."""

_REF_BYTES = 512


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A connection wants the notifications of a topic; `since` is in milliseconds since 1970."""

    topic: Topic
    since: int | None


@dataclass(frozen=True, slots=True)
class Publish:
    """A backend publishes to a topic; `content` is the whole object as it was sent."""

    topic: Topic
    id: str | None
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """A connection no longer wants the notifications of a topic."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class Poll:
    """A client without a connection asks for a topic's notifications; `since` as in Subscribe."""

    topic: Topic
    since: int | None


@dataclass(frozen=True, slots=True)
class Ping:
    """A keep-alive."""


Request = Subscribe | Publish | Unsubscribe | Poll | Ping


def parse(text: str) -> Request:
    """Return the request that a frame makes.

    Raises InvalidJson, InvalidMessage.
    """
    frame = parse_object(text)
    kind = _kind(frame)
    if kind == "ping":
        return Ping()
    if kind == "publish":
        return publish_of(frame)
    _validate(kind, frame)
    topic = _topic(frame)
    return Unsubscribe(topic) if kind == "unsubscribe" else Subscribe(topic, _since(frame))


def publish_of(frame: dict[str, Any]) -> Publish:
    """Return the publish that an object makes. Raises InvalidMessage."""
    _validate("publish", frame)
    return Publish(_topic(frame), frame.get("id"), frame)


def poll_of(body: dict[str, Any]) -> Poll:
    """Return the poll that an object makes. Raises InvalidMessage."""
    _validate("poll", body)
    return Poll(_topic(body), _since(body))


def parse_topic(text: str) -> Topic:
    """Return the topic that a JSON object names, whatever else it holds.

    Raises InvalidJson, InvalidMessage.
    """
    return topic_of(parse_object(text))


def topic_of(named: dict[str, Any]) -> Topic:
    """Return the topic that an object's `merchant_id` and `ref` name. Raises InvalidMessage."""
    _validate("topic", named)
    return _topic(named)


def _topic(named: dict[str, Any]) -> Topic:
    return Topic(named["merchant_id"], named["ref"])


def _since(frame: dict[str, Any]) -> int | None:
    text = frame.get("since")
    return None if text is None else from_rfc3339(text)


def parse_object(text: str) -> dict[str, Any]:
    """Return the one JSON object that the text holds, in the strict sense of RFC 7493 (I-JSON).

    Rejected besides bad syntax, because parsers differ on it: a name given twice, numbers beyond a
    double's range or with very many digits, NaN, lone surrogates, deep nesting. Raises InvalidJson.
    """
    try:
        text.encode()
        value = json.loads(
            text,
            object_pairs_hook=_parse_object_pairs,
            parse_int=_parse_integer,
            parse_float=_parse_float,
            parse_constant=_reject_constant,
        )
    except InvalidJson:
        raise
    except (ValueError, RecursionError) as error:
        # RecursionError: deeper than the interpreter allows; ValueError: bad syntax, or a raw lone
        # surrogate.
        raise InvalidJson("send one JSON object in UTF-8") from error
    if not isinstance(value, dict):
        raise InvalidJson("send one JSON object; this frame holds another JSON value")
    if text.count("{") + text.count("[") > MAX_NESTING and _depth(value) > MAX_NESTING:
        raise InvalidJson(f"nest objects and arrays at most {MAX_NESTING} levels deep")
    if "\\u" in text:
        _reject_lone_surrogates(value)
    return value


def _parse_object_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise InvalidJson("give each name of an object once; this frame repeats one")
    return value


def _parse_integer(digits: str) -> int:
    return int(_require_few_digits(digits))


def _parse_float(digits: str) -> float:
    number = float(_require_few_digits(digits))
    if math.isinf(number):
        raise InvalidJson("send numbers that a double can hold; this frame has a larger one")
    return number


def _require_few_digits(digits: str) -> str:
    if len(digits) > MAX_DIGITS:
        raise InvalidJson(f"send numbers of at most {MAX_DIGITS} digits; longer ones as strings")
    return digits


def _reject_constant(_name: str) -> NoReturn:
    raise InvalidJson("NaN and Infinity are not JSON; send null or a string instead")


def _depth(value: Any) -> int:
    depth = 0
    level = [value]
    while level:
        depth += 1
        inside = (v.values() if isinstance(v, dict) else v for v in level)
        level = [v for values in inside for v in values if isinstance(v, dict | list)]
    return depth


def _reject_lone_surrogates(value: dict[str, Any]) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidJson("half of a surrogate pair is not a character; send whole ones") from error


def _kind(frame: dict[str, Any]) -> str:
    if "action" in frame:
        _validate("control", frame)
        return str(frame["action"])
    _validate("message_of_a_client", frame)
    return "subscribe" if frame["client"] == "frontend" else "publish"


def _at_most_512_bytes(value: str) -> bool:
    try:
        return len(value.encode()) <= _REF_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair: not from a frame
        return False


def _is_time(value: str) -> bool:
    try:
        from_rfc3339(value)
    except ValueError:
        return False
    return True


_SCHEMA = json.loads(Path(__file__).with_name("schema.json").read_text("utf-8"))
_RULES = _SCHEMA["definitions"]


@cache
def _validator(name: str) -> Any:
    """Compiled at its first use: all of them together are a twentieth of a function's start."""
    schema = {"$ref": f"#/definitions/{name}", "definitions": _RULES}
    formats = {"at-most-512-bytes": _at_most_512_bytes, "rfc3339-time": _is_time}
    return fastjsonschema.compile(schema, formats=formats)


def _validate(kind: str, frame: dict[str, Any]) -> None:
    """Raise InvalidMessage for the first field that breaks a rule of this kind in `schema.json`."""
    for field in _RULES[kind]["required"]:
        if field not in frame:
            raise InvalidMessage(f"{field} is missing; it is {_RULES[field]['description']}", field)
    try:
        _validator(kind)(frame)
    except fastjsonschema.JsonSchemaValueException as error:
        field = error.path[1]
        raise _invalid_field(field) from None
    # JSON Schema counts 1.0 as an integer; as a key it would be another one than 1.
    if "ref" in _RULES[kind]["properties"] and isinstance(frame["ref"], float):
        raise _invalid_field("ref")


def _invalid_field(field: str) -> InvalidMessage:
    return InvalidMessage(f"{field} must be {_RULES[field]['description']}", field)
