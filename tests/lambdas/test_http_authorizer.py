"""The authorizer as the HTTP API calls it: it answers, and fails only where the keys fail."""

import json
import time
from typing import Any

import pytest

from lambdas.layer.auth.principal import Identity, principal
from lambdas.layer.aws import json_services, retries
from tests.kit import tokens as minting
from tests.kit.clock import FakeTime, LongestPauses
from tests.kit.events import captured
from tests.kit.functions import Function, set_up
from tests.kit.loopback import HttpResponse, LoopbackApi
from tests.kit.tokens import KEYS

SECRET = HttpResponse(200, {"SecretString": json.dumps(KEYS)})
POLL = "POST /notifications"
PUBLISH = "POST /publish"


def _token(**changes: Any) -> str:
    return minting.token(now=int(time.time()), **changes)


def _event(authorization: str | None, route: str = PUBLISH) -> dict[str, Any]:
    event = captured("http_authorize")
    event["routeKey"] = event["requestContext"]["routeKey"] = route
    event["headers"].pop("authorization")
    event["identitySource"] = []
    if authorization is not None:
        event["headers"]["authorization"] = authorization
        event["identitySource"] = [authorization]
    return event


@pytest.fixture
def environment(loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    settings = {
        "AUTH": "required",
        "TOKEN_KEYS_SECRET": "the-keys",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": loopback.endpoint,
    }
    set_up(monkeypatch, settings)
    monkeypatch.setattr(json_services, "time", FakeTime())
    monkeypatch.setattr(retries, "random", LongestPauses)
    loopback.script(SECRET)
    return monkeypatch


@pytest.fixture
def authorizer(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Function:
    del environment
    return Function("connect", capsys, module="authorizer")


@pytest.fixture
def optional(environment: pytest.MonkeyPatch, authorizer: Function) -> Function:
    environment.setenv("AUTH", "optional")
    return authorizer


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_valid_token_is_allowed_with_its_identity_as_the_context(
    scheme: str, authorizer: Function
) -> None:
    end = int(time.time()) + 600
    answer = authorizer(_event(f"{scheme} {_token(client='backend', ref=['a', '7'], exp=end)}"))
    assert answer.keys() == {"isAuthorized", "context"}
    assert answer["isAuthorized"] is True
    assert principal(answer["context"], required=True) == Identity(
        "backend", "shop", frozenset({"a", "7"}), end * 1000
    )
    assert all(isinstance(value, str) for value in answer["context"].values())
    assert (authorizer.output().metrics, authorizer.output().logs) == ({"TokensAccepted": 1}, [])


@pytest.mark.parametrize("mode", ["required", "optional"])
@pytest.mark.parametrize("route", [PUBLISH, POLL])
@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("not.a.token", "DecodeError"),
        ("", "no token"),
        (_token(key="k" * 40), "InvalidSignatureError"),
        (_token(header={"kid": "third"}), "unknown kid"),
        (_token(exp=1_700_000_000), "exp has passed or is not a time"),
    ],
    ids=range(5),
)
def test_a_bad_token_is_denied_by_an_answer_and_counted_apart_from_lambdas_errors(  # noqa: PLR0913, PLR0917 - pytest's
    token: str,
    reason: str,
    route: str,
    mode: str,
    environment: pytest.MonkeyPatch,
    authorizer: Function,
) -> None:
    environment.setenv("AUTH", mode)
    event = _event(f"Bearer {token}", route)
    assert authorizer(event) == {"isAuthorized": False}
    output = authorizer.output()
    assert output.metrics == {"TokensDenied": 1}
    (line,) = output.logs
    assert (line["level"], line["message"], line["reason"]) == ("WARNING", "token refused", reason)
    assert line["request_id"] == event["requestContext"]["requestId"]
    assert not token or token not in output.text


OTHERS = [None, "Basic dXNlcjpwYXNz", "Bearerx y", "AWS4-HMAC-SHA256 Credential=a"]


@pytest.mark.parametrize("authorization", OTHERS)
def test_an_authorization_that_is_not_a_bearer_is_denied_where_tokens_are_required(
    authorization: str | None, authorizer: Function
) -> None:
    assert authorizer(_event(authorization)) == {"isAuthorized": False}


@pytest.mark.parametrize("authorization", OTHERS)
def test_an_authorization_that_is_not_a_bearer_counts_as_none_where_tokens_are_optional(
    authorization: str | None, optional: Function
) -> None:
    answer = optional(_event(authorization))
    assert answer == {"isAuthorized": True, "context": {}}
    assert principal(answer["context"], required=False) is None
    assert optional.output().metrics == {"PublishesWithoutToken": 1}


def test_a_poll_that_is_allowed_is_not_counted_and_not_logged(optional: Function) -> None:
    for authorization in (None, f"Bearer {_token()}"):
        assert optional(_event(authorization, POLL))["isAuthorized"] is True
        assert optional.output().text == ""


def test_a_token_in_the_query_does_not_count(authorizer: Function) -> None:
    event = _event("Basic dXNlcjpwYXNz")  # by which API Gateway would keep the answer
    event |= {"rawQueryString": "token=x", "queryStringParameters": {"token": _token()}}
    assert authorizer(event) == {"isAuthorized": False}


@pytest.mark.parametrize("mode", ["required", "optional"])
def test_an_unreadable_secret_is_a_failure_and_not_a_denial_that_would_be_kept(
    mode: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("AUTH", mode)
    authorizer = Function("connect", capsys, module="authorizer")
    with LoopbackApi() as secrets:
        environment.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint)
        secrets.script(503, 503)
        with pytest.raises(Exception, match=r"."):
            authorizer(_event(f"Bearer {_token()}"))
        assert authorizer.output().metrics == {"AuthorizerFailures": 1}
