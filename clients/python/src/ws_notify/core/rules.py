"""The rules of docs/protocol.md for the fields, read from `schema.json`, a copy of the service's.

Plain Python for the few words of JSON Schema that it uses; tests compare it with a validator.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_MAX_REF_BYTES = 512
_TYPES = {"string": str, "integer": int}


def validate(kind: str, fields: Mapping[str, Any]) -> None:
    """Raise ValueError, or TypeError for one of a wrong type, naming the first wrong field.

    `kind` is a definition of the schema: `publish`, `topic`. Its `client` is left out.
    """
    definition = _definitions()[kind]
    for name in definition["required"]:
        if name in fields:
            validate_field(name, fields[name])
        elif name != "client":
            raise ValueError(f"{name} is missing; it is {_definitions()[name]['description']}")
    for name in definition["properties"].keys() & fields.keys() - set(definition["required"]):
        validate_field(name, fields[name])


def validate_field(name: str, value: object) -> None:
    """Raise ValueError or TypeError, with the field's name and its rule."""
    rule = _definitions()[name]
    if _holds(rule, value):
        return
    text = f"{name} must be {rule['description']}"
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise TypeError(f"{text}, not {type(value).__name__}")
    raise ValueError(f"{text}, not {value!r}" if "enum" in rule else text)


@cache
def _definitions() -> dict[str, Any]:
    text = Path(__file__).with_name("schema.json").read_text("utf-8")
    definitions: dict[str, Any] = json.loads(text)["definitions"]
    return definitions


def _holds(rule: Mapping[str, Any], value: object) -> bool:
    if "anyOf" in rule:
        return any(_holds(each, value) for each in rule["anyOf"])
    if "enum" in rule:
        return isinstance(value, str) and value in rule["enum"]
    if not isinstance(value, _TYPES[rule["type"]]) or isinstance(value, bool):
        return False
    if isinstance(value, int):
        return bool(rule["minimum"] <= value <= rule["maximum"])
    return isinstance(value, str) and _is_text(rule, value)


def _is_text(rule: Mapping[str, Any], value: str) -> bool:
    # A `$` of Python would accept a line break at the end.
    pattern = rule.get("pattern", "").removeprefix("^").removesuffix("$")
    return (
        rule.get("minLength", 0) <= len(value) <= rule.get("maxLength", len(value))
        and (not pattern or re.fullmatch(pattern, value) is not None)
        and (rule.get("format") != "at-most-512-bytes" or len(value.encode()) <= _MAX_REF_BYTES)
    )
