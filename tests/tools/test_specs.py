"""docs/openapi.json and docs/asyncapi.json: current, valid, and their examples true."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from openapi_spec_validator import validate

from lambdas.layer.http_events import respond
from tests.kit.programs import run
from tools.specs import examples, replies
from tools.specs.__main__ import COMMAND, documents

ROOT = Path(__file__).parents[2]
OPENAPI: dict[str, Any] = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
ASYNCAPI: dict[str, Any] = json.loads((ROOT / "docs/asyncapi.json").read_text("utf-8"))
WRONG = """
const { Parser } = require('@asyncapi/parser');
const text = require('fs').readFileSync('docs/asyncapi.json', 'utf8');
new Parser().parse(text).then(({ diagnostics }) => {
  const wrong = diagnostics.filter(({ severity }) => severity < 2); // errors and warnings
  console.log(JSON.stringify(wrong.map(({ message, path }) => [path.join('/'), message])));
});
"""

REPLIES = {
    "Receipt": examples.RECEIPT,
    "Notifications": examples.NOTIFICATIONS,
    "Subscribed": examples.SUBSCRIBED,
    "Unsubscribed": examples.UNSUBSCRIBED,
    "Pong": examples.PONG,
    "Error": examples.ERRORS["invalid_message"],
}
SCHEMAS = replies.RECEIPT | replies.NOTIFICATIONS | replies.SOCKET | replies.ERROR


@pytest.mark.parametrize("file", documents(), ids=lambda file: file.name)
def test_a_document_says_what_the_code_says(file: Path) -> None:
    assert file.read_text("utf-8") == documents()[file], f"{file.name} is stale: run `{COMMAND}`"


def test_the_openapi_document_is_valid() -> None:
    validate(OPENAPI)


def test_the_asyncapi_document_is_valid() -> None:
    assert json.loads(run("node", "-e", WRONG, cwd=ROOT)) == []


def _shown(part: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield each example of a document, with its schema."""
    match part:
        case {"schema": schema, "examples": dict(named)}:
            yield from ((schema, example["value"]) for example in named.values())
        case {"payload": schema, "examples": list(listed)}:
            yield from ((schema, example["payload"]) for example in listed)
        case dict(within):
            for one in within.values():
                yield from _shown(one)


@pytest.mark.parametrize(
    ("document", "number"), [(OPENAPI, 18), (ASYNCAPI, 16)], ids=["openapi", "asyncapi"]
)
def test_each_example_of_a_document_is_of_its_schema(document: Any, number: int) -> None:
    shown = list(_shown(document))
    assert len(shown) == number
    for schema, example in shown:
        fastjsonschema.validate({**schema, "components": document["components"]}, example)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_reply_has_the_fields_that_the_documents_give_it(name: str) -> None:
    assert REPLIES[name].keys() == SCHEMAS[name]["properties"].keys()


@pytest.mark.parametrize("code", replies.CODES)
def test_an_error_of_the_service_is_among_the_responses_with_its_status(code: str) -> None:
    frame = examples.ERRORS[code]
    for operations in OPENAPI["paths"].values():
        reference = operations["post"]["responses"][str(respond(frame)["statusCode"])]["$ref"]
        response = OPENAPI["components"]["responses"][reference.rpartition("/")[2]]
        assert response["content"]["application/json"]["examples"][code] == {"value": frame}
