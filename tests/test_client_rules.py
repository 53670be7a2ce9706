"""The Python client refuses at the call exactly what the service would refuse."""

import json
from pathlib import Path
from typing import Any

import pytest

from lambdas.layer.protocol.errors import RejectedRequest
from lambdas.layer.protocol.frames import parse
from ws_notify.fields import build_fields

ROOT = Path(__file__).parents[1]
GOOD: dict[str, Any] = {"merchant_id": "shop", "ref": "1", "project": "p", "type": "t",
                        "status": "done", "message": "", "id": "n-1"}  # fmt: skip
STRINGS = ["", "a", "a\n", "\n", "a" * 128, "a" * 129, "é" * 128, "é" * 129, "é" * 256, "é" * 257,
           "\x7f", "\x9f", "a#b", "A.z_9:-", "done", "failed", " ~",
           "\N{GRINNING FACE}" * 64]  # fmt: skip
VALUES: list[Any] = [
    *STRINGS,
    None,
    True,
    0,
    -1,
    2**53 - 1,
    1 - 2**53,
    2**53,
    -(2**53),
    1.0,
    1.5,
    [],
    {},
]


def test_the_client_carries_the_schema_of_the_service() -> None:
    ours = ROOT / "lambdas/layer/protocol/schema.json"
    assert (ROOT / "clients/python/src/ws_notify/core/schema.json").read_text() == ours.read_text()


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:40])
@pytest.mark.parametrize("name", GOOD)
def test_the_client_and_the_service_agree_on_a_field(name: str, value: Any) -> None:
    if name == "id" and value is None:  # then the client generates one
        return
    fields = {**GOOD, name: value}
    assert _client_accepts(fields) == _service_accepts(fields)


def _client_accepts(fields: dict[str, Any]) -> bool:
    given = dict(fields)
    id_, type_ = given.pop("id"), given.pop("type")
    try:
        build_fields(id_, type_=type_, further={}, deadline=1, **given)
    except (TypeError, ValueError):
        return False
    return True


def _service_accepts(fields: dict[str, Any]) -> bool:
    try:
        parse(json.dumps({"client": "backend", **fields}))
    except RejectedRequest:
        return False
    return True
