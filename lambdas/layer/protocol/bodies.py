"""Parsing what is sent without a socket: the text of a body in, a typed request out. No I/O.

By the rules of frames; what a body asks for is said by where it is sent, so it has no `action`.
"""

from typing import Any, Final

from lambdas.layer.protocol import frames
from lambdas.layer.protocol.errors import InvalidMessage
from lambdas.layer.protocol.frames import Poll, Publish

_BACKEND: Final = "backend"


def parse_publish(text: str, **defaults: str) -> Publish:
    """Return the publish; its `client` may be left out. Raises InvalidJson, InvalidMessage.

    `defaults` are fields for where it names none.
    """
    frame = {"client": _BACKEND, **defaults, **_parse(text)}
    if frame["client"] != _BACKEND:
        raise InvalidMessage(f"client must be `{_BACKEND}`, or left out", "client")
    return frames.publish_of(frame)


def parse_poll(text: str) -> Poll:
    """Return the poll. Raises InvalidJson, InvalidMessage."""
    return frames.poll_of(_parse(text))


def _parse(text: str) -> dict[str, Any]:
    body = frames.parse_object(text)
    if "action" in body:
        raise InvalidMessage("action is for a WebSocket; leave it out", "action")
    return body
