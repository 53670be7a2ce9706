"""Responses that are not valid HTTP or JSON, or not what DynamoDB sends. Values only.

They contain what the request or its response contained, as a truly broken one would: none of it may
get into a log.
"""

import json
from typing import Any, Final

from lambdas.layer.items import TOPIC_KEY
from tests.kit.proxy.faults import Fault, Malformed


def _chunk(body: bytes, size: int) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)


INVALID_JSON: Final[dict[str, Fault]] = {
    "200 without JSON": Malformed(lambda request, response: b"<html>" + request + response),
    "200 with half of its JSON": Malformed(lambda _, response: response[: len(response) // 2]),
}

INVALID_HTTP: Final[dict[str, Fault]] = {
    "no chunks, as announced": Malformed(
        lambda request, response: (response[2:] or request) + b"\r\n" + request, chunked=True
    ),
    "chunk longer than its size": Malformed(
        lambda request, response: _chunk(response + request, len(request) // 2), chunked=True
    ),
    "chunk shorter than its size": Malformed(
        lambda request, response: _chunk(response + request, len(response + request) + 2),
        chunked=True,
    ),
}


def _items(response: bytes, **changes: Any) -> bytes:
    """Change every item of a response to a query; a change to None leaves the attribute out."""
    answer = json.loads(response)
    changed = [{**item, **changes} for item in answer["Items"]]
    kept = [{name: value for name, value in item.items() if value} for item in changed]
    return json.dumps({**answer, "Items": kept}).encode()


INVALID_ITEMS: Final[dict[str, Fault]] = {
    "200 without items": Malformed(lambda _, __: b"{}"),
    "200 with items without text": Malformed(
        lambda _, response: _items(response, notification=None)
    ),
    "200 with items without sent_at": Malformed(lambda _, response: _items(response, sent_at=None)),
}
"""Of a query for notifications."""

INVALID_TEXTS: Final[dict[str, Fault]] = {
    "200 with half a text": Malformed(
        lambda _, response: _items(response, notification={"S": '{"client": "back'})
    ),
}
"""Of the same, which a poll has to read."""


def _first_item(response: bytes) -> bytes:
    answer = json.loads(response)
    first, *_ = answer["Items"]
    key = {name: first[name] for name in (TOPIC_KEY, "entry")}
    return json.dumps({**answer, "Items": [first], "LastEvaluatedKey": key}).encode()


FIRST_PAGE: Final = Malformed(lambda _, response: _first_item(response))
"""Its first item alone: the others are on the next page, which another query asks for."""


def _keys(response: bytes) -> bytes:
    return response[response.find(b"SecretString") :] + b"\r\n"


def _secret(text: str) -> bytes:
    return json.dumps({"SecretString": text}).encode()


INVALID_KEYS: Final[dict[str, Fault]] = {
    "200 without keys": Malformed(lambda _, __: b"{}"),
    "200 with keys that are not JSON": Malformed(
        lambda _, response: _secret(_keys(response).decode())
    ),
    "200 with short keys": Malformed(lambda _, __: _secret('{"first": "short"}')),
    "keys instead of chunks": Malformed(lambda _, response: _keys(response), chunked=True),
}
