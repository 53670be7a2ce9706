"""The authorizer of `$connect`: the function as API Gateway calls it."""

import json
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from lambdas.layer.auth.principal import Identity, principal
from lambdas.layer.aws import json_services, retries
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from tests.kit import tokens as minting
from tests.kit.clock import FakeTime, LongestPauses
from tests.kit.events import captured
from tests.kit.functions import FakeLambdaContext, Function, import_anew, set_up
from tests.kit.loopback import HttpResponse, LoopbackApi
from tests.kit.tokens import ABSENT, KEYS

SETTINGS = ["AUTH", "TOKEN_KEYS_SECRET", "AWS_ENDPOINT_URL_SECRETS_MANAGER"]
SECRET = HttpResponse(200, {"SecretString": json.dumps(KEYS)})
BAD = "not.a.token"


def _token(**changes: Any) -> str:
    return minting.token(now=int(time.time()), **changes)


def _handshake(*, token: str | None = None, **headers: str) -> dict[str, Any]:
    """Return the event of a handshake with this `?token=` and these headers besides its own."""
    event = captured("authorize")
    event["headers"] |= headers
    if token is not None:
        event["queryStringParameters"] = {"token": token}
        event["multiValueQueryStringParameters"] = {"token": [token]}
    return event


@pytest.fixture
def environment(loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    values = ["required", "the-keys", loopback.endpoint]
    set_up(monkeypatch, dict(zip(SETTINGS, values, strict=True)))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
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


def _assert_refused(authorizer: Function, event: dict[str, Any], reason: str) -> None:
    with pytest.raises(Exception) as refused:  # noqa: PT011 - its text is what counts
        authorizer(event)
    assert str(refused.value) == "Unauthorized"  # API Gateway's word for 401
    output = authorizer.output()
    assert output.metrics == {"TokensRefused": 1}
    (line,) = output.logs
    assert (line["level"], line["message"], line["reason"]) == ("WARNING", "token refused", reason)
    assert line["request_id"] == event["requestContext"]["requestId"]
    _assert_silent(output.text, event)


def _assert_silent(text: str, event: dict[str, Any]) -> None:
    """Nothing of a token or of a key may be in what was written."""
    given = event["headers"].get("Authorization", "").split()
    given += [str(event["queryStringParameters"].get("token", ""))]
    parts = [part for each in given for part in [each, *each.split(".")] if len(part) > 8]
    assert not [part for part in (*parts, *KEYS.values(), "a secret") if part in text]


def _identity(answer: dict[str, Any]) -> Identity:
    who = principal(answer["context"], required=True)
    assert isinstance(who, Identity)
    return who


@pytest.mark.parametrize("client", ["frontend", "backend"])
def test_a_valid_token_is_accepted_and_its_identity_handed_on(
    client: str, authorizer: Function
) -> None:
    end = int(time.time()) + 600
    answer = authorizer(_handshake(token=_token(client=client, ref=["a", "7"], exp=end)))
    assert answer.keys() == {"principalId", "policyDocument", "context"}
    assert answer["principalId"] == client
    assert answer["policyDocument"]["Version"] == "2012-10-17"
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement == {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": captured("authorize")["methodArn"],
    }
    assert _identity(answer) == Identity(client, "shop", frozenset({"a", "7"}), end * 1000)
    assert all(isinstance(value, str) for value in answer["context"].values())
    output = authorizer.output()
    assert output.metrics == {"TokensAccepted": 1}
    assert output.logs == []


def test_the_header_wins(authorizer: Function) -> None:
    header, query = _token(merchant_id="header"), _token(merchant_id="query")
    event = _handshake(token=query, Authorization=f"Bearer {header}")
    assert _identity(authorizer(event)).merchant_id == "header"
    event = _handshake(token=query, Authorization=f"Bearer {BAD}")
    _assert_refused(authorizer, event, "DecodeError")


@pytest.mark.parametrize("query", [{}, None, {"other": "x"}])
def test_a_handshake_without_a_token_is_refused_when_one_is_required(
    query: dict[str, str] | None, authorizer: Function, loopback: LoopbackApi
) -> None:
    event = captured("authorize")
    event["queryStringParameters"] = query
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer(event)
    assert authorizer.output().metrics == {"TokensRefused": 1}
    assert loopback.requests == []


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another key": ({"key": "k" * 40}, "InvalidSignatureError"),
    "unsigned": ({"header": {"alg": "none"}}, "alg is not HS256"),
    "an unknown kid": ({"header": {"kid": "third"}}, "unknown kid"),
    "no kid": ({"header": {"kid": ABSENT}}, "no kid"),
    "over": ({"exp": 1_700_000_000}, "exp has passed or is not a time"),
    "too long": ({"exp": 9_999_999_999}, "exp is more than 24 hours ahead"),
    "no end": ({"exp": ABSENT}, "MissingRequiredClaimError"),
    "no role": ({"client": ABSENT}, "client"),
    "no merchant": ({"merchant_id": ABSENT}, "merchant_id"),
    "no ref": ({"ref": ABSENT}, "ref"),
}


@pytest.mark.parametrize("mode", ["required", "optional"])
@pytest.mark.parametrize("attempt", REFUSED)
def test_a_bad_token_is_refused_counted_and_logged_by_its_reason_alone(
    attempt: str, mode: str, authorizer: Function, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AUTH", mode)
    changes, reason = REFUSED[attempt]
    _assert_refused(authorizer, _handshake(token=_token(**changes)), reason)


def test_the_runtimes_own_record_of_a_refusal_has_one_frame(
    environment: pytest.MonkeyPatch,
) -> None:
    del environment
    function = import_anew("connect", "authorizer")
    with pytest.raises(function.Unauthorized) as refused:
        function.handler(_handshake(token=BAD), FakeLambdaContext())
    # The first is its caller, which the runtime leaves out; causes and contexts it never looks at.
    (frame,) = traceback.extract_tb(refused.tb)[1:]
    assert (frame.name, Path(frame.filename).name) == ("handler", "authorizer.py")


NO_TOKENS = {
    "": "no token",
    BAD: "DecodeError",
    "\ud800": "UnicodeEncodeError",
}


@pytest.mark.parametrize(("token", "reason"), NO_TOKENS.items(), ids=range(len(NO_TOKENS)))
def test_an_invalid_token_is_refused_even_when_none_is_required(
    token: str, reason: str, optional: Function, loopback: LoopbackApi
) -> None:
    _assert_refused(optional, _handshake(token=token), reason)
    assert loopback.requests == []


def test_where_tokens_are_optional_a_connection_without_one_is_counted(
    optional: Function, loopback: LoopbackApi
) -> None:
    answer = optional(_handshake())
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert answer["principalId"] == "anonymous"
    assert principal(answer["context"], required=False) is None
    assert optional.output().metrics == {"ConnectsWithoutToken": 1}
    assert loopback.requests == []
    assert _identity(optional(_handshake(token=_token()))).merchant_id == "shop"
    assert optional.output().metrics == {"TokensAccepted": 1}


FAILURES: list[Any] = [
    HttpResponse(400, {"__type": "AccessDeniedException", "Message": "no"}),
    HttpResponse(400, {"__type": "ResourceNotFoundException"}),
    HttpResponse(200, {"SecretString": json.dumps({"first": "too short"})}),
    HttpResponse(200, {"SecretString": f'["{KEYS["first"]}"'}),
    HttpResponse(200, {"SecretBinary": KEYS["first"]}),
    HttpResponse(200, KEYS["first"].encode()),
    503,
    "reset",
]


@pytest.mark.parametrize("mode", ["required", "optional"])
@pytest.mark.parametrize("failure", FAILURES)
def test_an_unreadable_secret_is_a_failure_and_refuses_every_handshake(
    failure: Any, mode: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("AUTH", mode)
    authorizer = Function("connect", capsys, module="authorizer")
    event = _handshake(token=_token())
    with LoopbackApi() as secrets:
        environment.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint)
        secrets.script(failure, failure, SECRET)
        with pytest.raises(Exception) as failed:  # noqa: PT011 - any but one
            authorizer(event)
        output = authorizer.output()
        assert str(failed.value) != "Unauthorized"
        assert output.metrics == {"AuthorizerFailures": 1}
        (line,) = output.logs
        assert (line["level"], line["message"]) == ("ERROR", "authorizer failed")
        assert line["request_id"] == event["requestContext"]["requestId"]
        _assert_silent(output.text, event)
        assert "too short" not in output.text


def test_the_keys_are_read_once_for_many_handshakes(
    authorizer: Function, loopback: LoopbackApi
) -> None:
    for _ in range(5):
        authorizer(_handshake(token=_token()))
        _assert_refused(
            authorizer, _handshake(token=_token(header={"kid": "third"})), "unknown kid"
        )
    (request,) = loopback.requests
    assert json.loads(request.body) == {"SecretId": "the-keys"}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_missing_setting_fails_at_start_with_its_name(
    name: str, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv(name)
    with pytest.raises(MissingSettingError, match=name):
        import_anew("connect", "authorizer")


@pytest.mark.parametrize("value", ["off", "Required", "yes", "none", " required"])
def test_an_auth_that_checks_nothing_fails_at_start_with_its_name(
    value: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AUTH", value)
    with pytest.raises(InvalidSettingError, match="AUTH must be one of optional, required"):
        import_anew("connect", "authorizer")
