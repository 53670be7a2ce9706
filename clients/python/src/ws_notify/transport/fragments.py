"""Cutting a message into the fragments that API Gateway accepts."""

_MAX_FRAME_BYTES = 32_000
"""API Gateway closes a connection with 1009 on a frame larger than 32 KiB.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""
_FRAGMENT_CHARACTERS = 8_000
"""At most 4 bytes each."""


def fragments(text: str) -> str | list[str]:
    """Return the text as it is where it fits into one frame, else in fragments."""
    if len(text.encode()) <= _MAX_FRAME_BYTES:
        return text
    step = _FRAGMENT_CHARACTERS
    return [text[start : start + step] for start in range(0, len(text), step)]
