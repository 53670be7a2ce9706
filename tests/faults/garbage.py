"""Answers that are not what HTTP or JSON says. Values only.

They hold what the request or its answer held, as what is truly broken would: none of it may come
into a log.
"""

import json
from collections.abc import Mapping
from typing import Final

from tests.kit.faults import Fault, Garbled


def _chunk(body: bytes, says: int) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (says, body)


NO_JSON: Final[dict[str, Fault]] = {
    "200 without JSON": Garbled(lambda request, answer: b"<html>" + request + answer),
    "200 with half of its JSON": Garbled(lambda _, answer: answer[: len(answer) // 2]),
}

NO_HTTP: Final[dict[str, Fault]] = {
    "no chunks, as announced": Garbled(
        lambda request, answer: (answer[2:] or request) + b"\r\n" + request, chunked=True
    ),
    "a chunk longer than it says": Garbled(
        lambda request, answer: _chunk(answer + request, len(request) // 2), chunked=True
    ),
    "a chunk shorter than it says": Garbled(
        lambda request, answer: _chunk(answer + request, len(answer + request) + 2), chunked=True
    ),
}


def _keys(answer: bytes) -> bytes:
    return answer[answer.find(b"SecretString") :] + b"\r\n"


def _secret(answer: Mapping[str, str]) -> bytes:
    return json.dumps(answer).encode()


NO_KEYS: Final[dict[str, Fault]] = {
    "200 without keys": Garbled(lambda _, __: b"{}"),
    "200 with no JSON as keys": Garbled(
        lambda _, answer: _secret({"SecretString": _keys(answer).decode()})
    ),
    "200 with short keys": Garbled(lambda _, __: _secret({"SecretString": '{"first": "short"}'})),
    "no chunks, but keys": Garbled(lambda _, answer: _keys(answer), chunked=True),
}
