"""What clients send, as both documents have it: the kinds of schema.json."""

from typing import Final

from tools.specs.fields import Schema, body

MORE_FIELDS: Final = "Any other field is passed on unchanged."

_PUBLISH: Final = {
    **body(
        "publish",
        f"What to publish. {MORE_FIELDS} The service sets `sent_at`. As delivered it has at most "
        "131,072 bytes of UTF-8.",
    ),
    "additionalProperties": True,
}


def frames() -> dict[str, Schema]:
    """Return the schemas of what goes over a WebSocket."""
    return {
        "Subscribe": body("subscribe", "What to wait for. Other fields are not interpreted."),
        "Publish": _PUBLISH,
        "Unsubscribe": body("unsubscribe", "What to wait for no longer."),
        "Ping": body("ping", "A keep-alive."),
    }


def bodies() -> dict[str, Schema]:
    """Return the schemas of what goes over HTTPS, where the path says who sends it."""
    required = [name for name in _PUBLISH["required"] if name != "client"]
    return {
        "Publish": {**_PUBLISH, "required": required},
        "Poll": body("poll", "What to ask for. Other fields are not interpreted."),
    }
