"""The fields of frames and bodies as both documents have them, by the rules of schema.json."""

import json
from pathlib import Path
from typing import Any, Final

Schema = dict[str, Any]

_LAYER: Final = Path(__file__).parents[2] / "lambdas/layer"
_RULES: Final = json.loads((_LAYER / "protocol/schema.json").read_text("utf-8"))["definitions"]

_MEANINGS: Final = {
    "client": "Who sends this",
    "action": "What a control frame asks for",
    "merchant_id": "The merchant that the `ref` belongs to",
    "ref": 'What is waited for, e.g. an order; `12303` and `"12303"` are the same',
    "project": "The project that publishes, e.g. `checkout`",
    "type": "What it is about, e.g. `payment`",
    "status": "Whether it succeeded",
    "message": "A text for people",
    "id": "It makes a retry safe, since the same `id` with the same content is stored once",
    "since": "The `now` of the last answer for this `ref`, to leave out what came earlier",
}

_COMPONENTS: Final = {"ref": "Ref", "status": "Status"}
"""Fields that have a schema of their own, so that generated code has one type for each."""

_FORMATS: Final[dict[str, Schema]] = {
    "rfc3339-time": {"format": "date-time"},
    "at-most-512-bytes": {"format": "at-most-512-bytes", "maxLength": 512},
}
"""The formats of frames.py, in what others know; a character has at least one byte."""


def shared() -> dict[str, Schema]:
    """Return the schemas of the fields that `properties` refers to, by their names."""
    return {component: _field(name) for name, component in _COMPONENTS.items()}


def refer(component: str) -> Schema:
    """Return a reference to a component's schema; its place is the same in both documents."""
    return {"$ref": f"#/components/schemas/{component}"}


def body(kind: str, description: str) -> Schema:
    """Return the schema of what a client sends, e.g. `publish`.

    What is not a control frame has no `action`.
    """
    fields = properties(kind)
    return {
        "type": "object",
        "description": description,
        "required": _RULES[kind]["required"],
        "properties": fields,
        **({} if "action" in fields else {"not": {"required": ["action"]}}),
    }


def properties(kind: str) -> dict[str, Schema]:
    """Return the fields of what a client sends, e.g. `publish`, by their names."""
    return {name: _property(name, rule) for name, rule in _RULES[kind]["properties"].items()}


def field(name: str) -> Schema:
    """Return the schema of a field that a client may send."""
    return refer(_COMPONENTS[name]) if name in _COMPONENTS else _field(name)


def constant(value: str, description: str) -> Schema:
    """Return the schema of a field that always has the one value."""
    return {"type": "string", "description": description, "const": value}


def time(description: str) -> Schema:
    """Return the schema of a time that the service writes."""
    return {"type": "string", "format": "date-time", "description": description}


def _property(name: str, rule: Schema) -> Schema:
    return constant(rule["const"], _MEANINGS[name]) if "const" in rule else field(name)


def _field(name: str) -> Schema:
    rule = _typed(_RULES[name])
    return {**rule, "description": f"{_MEANINGS[name]}: {_RULES[name]['description']}"}


def _typed(rule: Schema) -> Schema:
    """Return a rule in the form that generators of clients make most of.

    An enumeration has a type; an integer of 53 bits does not fit an `int` of Java or C#; and of
    alternatives, which are of different types here, many know `oneOf` alone.
    """
    if "anyOf" in rule:
        others = {name: value for name, value in rule.items() if name != "anyOf"}
        return {**others, "oneOf": [_typed(one) for one in rule["anyOf"]]}
    if "enum" in rule:
        return {"type": "string", **rule}
    if rule["type"] == "integer":
        return {**rule, "format": "int64"}
    if "format" in rule:
        return {**rule, **_FORMATS[rule["format"]]}
    return dict(rule)
