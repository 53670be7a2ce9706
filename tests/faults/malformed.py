"""Responses that are not valid HTTP or JSON. Values only.

They contain what the request or its response contained, as a truly broken one would: none of it may
get into a log.
"""

import json
from typing import Final

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
