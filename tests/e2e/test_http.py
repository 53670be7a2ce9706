"""The service over HTTP, on a deployed stage: what the local AWS shows of it."""

import base64
import gzip
import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from tests.kit import http
from tests.kit.deployed import changed_environment, function_names, items
from tests.kit.http import JSON, Answer, bearer
from tests.kit.peer import peer, publication, unique
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

ROOT = Path(__file__).parents[2]

MERCHANT = "shop"


def ask(
    stage: LocalStage, path: str, body: Any, headers: Mapping[str, str] = JSON, method: str = "POST"
) -> Answer:
    return http.ask(stage.http_url, path, body, headers, method)


def stored(stage: LocalStage, dynamodb: "DynamoDBClient", ref: str) -> list[Any]:
    found = items(dynamodb, stage)
    return [item for item in found if item["merchant_id#ref"]["S"].endswith(f"#{ref}")]


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", None]
)
def test_a_publish_reaches_a_socket_whatever_its_content_type_says(
    stage: LocalStage, content_type: str | None
) -> None:
    ref = unique("http")
    with peer(stage.url) as page:
        page.subscribe(MERCHANT, ref)
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = ask(stage, "/publish", publication(MERCHANT, ref, message="paid 💳 é"), headers)
        assert (answer.status, answer.body["accepted"]) == (200, 1)
        assert answer.headers["cache-control"] == "no-store"
        heard = page.receive()
        assert (heard["id"], heard["message"]) == (answer.body["id"], "paid 💳 é")


def test_a_poll_brings_what_was_published_over_both_and_its_now_narrows_the_next(
    stage: LocalStage, dynamodb: "DynamoDBClient"
) -> None:
    ref = unique("http")
    topic = {"merchant_id": MERCHANT, "ref": ref}
    assert ask(stage, "/notifications", topic).body["notifications"] == []
    assert stored(stage, dynamodb, ref) == []
    with peer(stage.url) as backend:
        backend.send(publication(MERCHANT, ref, id="1"))
        assert backend.receive()["type"] == "receipt"
    assert ask(stage, "/publish", publication(MERCHANT, ref, id="2")).status == 200
    answer = ask(stage, "/notifications", topic)
    assert [one["id"] for one in answer.body["notifications"]] == ["1", "2"]
    assert (answer.body["more"], answer.headers["cache-control"]) == (False, "no-store")
    assert 2_000 <= answer.body["poll_after"] <= 3_000
    again = ask(stage, "/notifications", {**topic, "since": answer.body["now"]})
    assert [one["id"] for one in again.body["notifications"]] == ["1", "2"]  # 10 s of overlap
    later = ask(stage, "/notifications", {**topic, "since": "2999-01-01T00:00:00.000Z"})
    assert later.body["notifications"] == []
    assert len(stored(stage, dynamodb, ref)) == 2


def test_a_publish_again_with_its_id_is_a_duplicate(stage: LocalStage) -> None:
    body = publication(MERCHANT, unique("http"), id="order-7")
    first, second = (ask(stage, "/publish", body).body for _ in range(2))
    assert second == {**first, "duplicate": True}


BAD = "a-bad-body"


def written(encoding: str) -> bytes:
    """Return the text of a publish in an encoding."""
    frame = publication(MERCHANT, BAD, message="café")
    return json.dumps(frame, ensure_ascii=False).encode(encoding)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/publish", b"", 400, "invalid_json"),
        ("/publish", b'{"ref": "\xff"}', 400, "invalid_json"),
        ("/publish", written("latin-1"), 400, "invalid_json"),
        ("/publish", written("utf-8-sig"), 400, "invalid_json"),
        ("/publish", written("utf-16"), 400, "invalid_json"),
        ("/publish", gzip.compress(written("utf-8")), 400, "invalid_json"),
        ("/publish", base64.b64encode(b"{}"), 400, "invalid_json"),
        ("/publish", {"action": "ping"}, 400, "invalid_message"),
        ("/publish", publication(MERCHANT, BAD, message="x" * 140_000), 413, "too_large"),
        ("/notifications", b"[]", 400, "invalid_json"),
        ("/notifications", {"merchant_id": MERCHANT}, 400, "invalid_message"),
    ],
)
def test_a_bad_body_has_its_status_and_its_frame_and_stores_nothing(  # noqa: PLR0913, PLR0917 - pytest's
    stage: LocalStage, dynamodb: "DynamoDBClient", path: str, body: Any, status: int, code: str
) -> None:
    for headers in ({}, {"Content-Type": "application/octet-stream"}, JSON):
        answer = ask(stage, path, body, headers)
        assert (answer.status, answer.body["code"]) == (status, code)
        assert answer.headers["cache-control"] == "no-store"
    assert stored(stage, dynamodb, BAD) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/publish"), ("PUT", "/notifications"), ("POST", "/publish/"), ("POST", "/else")],
)
def test_any_other_path_or_method_is_not_found(stage: LocalStage, method: str, path: str) -> None:
    assert ask(stage, path, publication(MERCHANT, "r"), method=method).status == 404


@pytest.mark.parametrize("origin", ["https://pay.example.com", "null", "capacitor://localhost"])
@pytest.mark.parametrize("path", ["/publish", "/notifications"])
def test_the_browser_of_any_page_may_ask_with_a_token(
    stage: LocalStage, path: str, origin: str
) -> None:
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = ask(stage, path, b"", preflight, method="OPTIONS")
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert answer.headers["access-control-max-age"] == "86400"
    answer = ask(stage, path, publication(MERCHANT, unique("http")), {"Origin": origin})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "*")


def test_a_page_that_the_stage_does_not_list_is_forbidden(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    (default,) = function_names(functions, "DefaultFunction")
    body = publication(MERCHANT, unique("http"))
    with changed_environment(functions, default, ALLOWED_ORIGINS="https://*.shop.example"):
        for path in ("/publish", "/notifications"):
            answer = ask(stage, path, body, {"Origin": "https://elsewhere.example"})
            assert (answer.status, answer.body["field"]) == (403, "origin")
            assert ask(stage, path, body, {"Origin": "https://a.shop.example"}).status == 200
            assert ask(stage, path, body, {}).status == 200


# -- tokens


@pytest.mark.parametrize("path", ["/publish", "/notifications"])
def test_without_a_token_where_one_is_required_the_answer_is_401(
    guarded: LocalStage, path: str
) -> None:
    for headers in ({}, {"Authorization": ""}):
        answer = ask(guarded, path, publication(MERCHANT, "r"), headers)
        assert (answer.status, answer.body) == (401, {"message": "Unauthorized"})


def test_a_token_does_over_http_what_it_does_over_a_websocket(guarded: LocalStage) -> None:
    ref = unique("http")
    backend, page = guarded.token("backend", MERCHANT), guarded.token("frontend", MERCHANT, ref)
    topic = {"merchant_id": MERCHANT, "ref": ref}
    for _ in range(2):  # the second is answered from API Gateway's cache of the authorizer
        answer = ask(guarded, "/publish", publication(MERCHANT, ref, id="1"), bearer(backend))
        assert answer.status == 200
        for token in (page, backend):
            answer = ask(guarded, "/notifications", topic, bearer(token))
            assert [one["id"] for one in answer.body["notifications"]] == ["1"]
    for path, body, token, field in (
        ("/publish", publication(MERCHANT, ref), page, "client"),
        ("/notifications", {**topic, "ref": "another"}, page, "ref"),
        ("/notifications", {**topic, "merchant_id": "another"}, page, "merchant_id"),
        ("/notifications", {**topic, "merchant_id": "another"}, backend, "merchant_id"),
        (
            "/publish",
            {**publication(MERCHANT, ref), "merchant_id": "another"},
            backend,
            "merchant_id",
        ),
    ):
        answer = ask(guarded, path, body, bearer(token))
        assert (answer.status, answer.body["code"], answer.body["field"]) == (
            *(403, "forbidden"),
            field,
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"lifetime": 25 * 3600},
        {"client": "frontend"},
        {"key": "not the key of this stage, but long enough"},
        {"kid": "second"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/publish", "/notifications"])
def test_a_bad_token_is_denied_and_stores_nothing(
    guarded: LocalStage,
    guarded_dynamodb: "DynamoDBClient",
    path: str,
    changes: dict[str, Any],
) -> None:
    ref = unique("http")
    changed = {"lifetime": 600, **changes}
    end = int(time.time()) + changed.pop("lifetime")
    claims = {"client": "backend", "merchant_id": MERCHANT, "exp": end, **changed}
    key, kid = claims.pop("key", guarded.keys()["first"]), claims.pop("kid", "first")
    token = jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})
    for _ in range(2):  # the second is answered from API Gateway's cache of the authorizer
        answer = ask(guarded, path, publication(MERCHANT, ref), bearer(token))
        assert (answer.status, answer.body) == (403, {"message": "Forbidden"})
    assert stored(guarded, guarded_dynamodb, ref) == []


def test_a_token_that_ends_while_its_answer_is_cached_is_forbidden_with_exp(
    guarded: LocalStage,
) -> None:
    token = guarded.token("backend", MERCHANT, lifetime=2)
    ref = unique("http")
    topic = {"merchant_id": MERCHANT, "ref": ref}
    assert ask(guarded, "/notifications", topic, bearer(token)).status == 200
    deadline = time.monotonic() + 20
    while (answer := ask(guarded, "/notifications", topic, bearer(token))).status == 200:
        assert time.monotonic() < deadline
    assert (answer.status, answer.body["code"], answer.body["field"]) == (403, "forbidden", "exp")


def test_another_scheme_is_denied_where_tokens_are_required(guarded: LocalStage) -> None:
    headers = {**JSON, "Authorization": "Basic dXNlcjpwYXNz"}
    assert ask(guarded, "/publish", publication(MERCHANT, "r"), headers).status == 403


def test_the_curl_of_the_readme_publishes_and_may_be_sent_again(guarded: LocalStage) -> None:
    block = r"test_http\.py -->\n```shell\n(.*?)```"
    (program,) = re.findall(block, (ROOT / "README.md").read_text(), re.DOTALL)
    merchant = unique(MERCHANT)
    program = program.replace('"shop"', f'"{merchant}"')
    token = guarded.token("backend", merchant)
    environment = {"WS_NOTIFY_HTTP_URL": guarded.http_url, "WS_NOTIFY_TOKEN": token}
    receipts = []
    for _ in range(2):
        done = subprocess.run(
            ("/bin/sh", "-c", program),
            env={"PATH": os.environ["PATH"], **environment},
            check=True,
            capture_output=True,
            text=True,
        )
        receipts.append(json.loads(done.stdout))
    assert [receipt["duplicate"] for receipt in receipts] == [False, True]
    assert receipts[0]["id"] == "payment-12303-done"
