"""Signed POSTs. As seen by DynamoDB: test_dynamo.py; by `@connections`: test_connections_api.py."""

import pytest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError, NoRegionError

from lambdas.layer.http1 import NoAnswerError
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from lambdas.layer.signed_http import SignedHttp
from tests.lambdas.loopback import LoopbackApi, Said

A_WHILE = 5.0
NAMES = ("OF_THIS_TEST", "OF_THIS_TEST_TOO")


def _http(endpoint: str, credentials: Credentials | None = None) -> SignedHttp:
    credentials = credentials or Credentials("AKIDEXAMPLE", "a secret")
    return SignedHttp(endpoint, "a-service", credentials, "eu-west-1", at_once=1)


@pytest.mark.parametrize("resource", ["/", "/a/b", "/%40x%3D"])
def test_what_is_posted_arrives_below_the_path_of_the_endpoint(
    resource: str, loopback: LoopbackApi
) -> None:
    loopback.script(Said(201, b"\x00answer\xff"))
    headers = {"x-amz-target": "A.B", "content-type": "text/x"}
    answer = _http(loopback.endpoint).post(resource, b"\x00\xff", headers, A_WHILE)
    assert (answer.status, answer.data) == (201, b"\x00answer\xff")
    (request,) = loopback.requests
    assert (request.target, request.body) == (f"/prod{resource}", b"\x00\xff")
    assert request.headers["host"] == loopback.endpoint.split("/")[2]
    assert (request.headers["x-amz-target"], request.headers["content-type"]) == ("A.B", "text/x")


def test_every_header_that_says_what_to_do_is_signed(loopback: LoopbackApi) -> None:
    headers = {"x-amz-target": "A.B", "content-type": "text/x"}
    credentials = Credentials("AKIDEXAMPLE", "a secret", "a session token")
    _http(loopback.endpoint, credentials).post("/", b"", headers, A_WHILE)
    (request,) = loopback.requests
    signed = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
    assert f"SignedHeaders={signed}," in request.headers["authorization"]
    assert "/eu-west-1/a-service/aws4_request" in request.headers["authorization"]
    assert "a secret" not in str(request.headers)


class Rotating(Credentials):
    """Credentials of a role: others each time one looks."""

    def __init__(self) -> None:
        super().__init__("AKID", "a secret")
        self._looks = 0

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        self._looks += 1
        return ReadOnlyCredentials(f"AKID{self._looks}", "a secret", f"token {self._looks}")


def test_key_and_session_token_of_one_request_are_of_one_moment(loopback: LoopbackApi) -> None:
    http = _http(loopback.endpoint, Rotating())
    for _ in range(3):
        http.post("/", b"", {}, A_WHILE)
    seen = [
        (
            request.headers["authorization"].split("/")[0][-5:],
            request.headers["x-amz-security-token"],
        )
        for request in loopback.requests
    ]
    assert seen == [(f"AKID{n}", f"token {n}") for n in (1, 2, 3)]
    assert loopback.connections == 1


@pytest.mark.parametrize("status", [301, 302, 307, 400, 429, 500, 503])
def test_nothing_is_followed_or_repeated(status: int, loopback: LoopbackApi) -> None:
    loopback.script(status)
    assert _http(loopback.endpoint).post("/", b"", {}, A_WHILE).status == status
    assert len(loopback.requests) == 1


def test_what_is_not_answered_is_raised_and_not_repeated(loopback: LoopbackApi) -> None:
    loopback.script("reset")
    with pytest.raises(NoAnswerError, match="ConnectionResetError"):
        _http(loopback.endpoint).post("/", b"", {}, A_WHILE)
    assert len(loopback.requests) == 1
    with LoopbackApi() as gone:
        endpoint = gone.endpoint
    with pytest.raises(NoAnswerError, match="ConnectionRefusedError"):
        _http(endpoint).post("/", b"", {}, A_WHILE)


@pytest.fixture
def environment(loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment as a function has it, and nothing that this machine may add."""
    for name in (*NAMES, "AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        NAMES[1]: f"{loopback.endpoint}/",
        "AWS_ACCESS_KEY_ID": "AKIDENV",
        "AWS_SECRET_ACCESS_KEY": "a secret",
        "AWS_DEFAULT_REGION": "me-south-1",
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_first_endpoint_that_is_set_is_taken(
    environment: pytest.MonkeyPatch, loopback: LoopbackApi
) -> None:
    for first in ("", loopback.endpoint):
        environment.setenv(NAMES[0], first)
        http = SignedHttp.from_env("a-service", *NAMES, at_once=1)
        assert http.post("/", b"", {}, A_WHILE).status == 200
        environment.setenv(NAMES[1], "http://127.0.0.1:9")
    assert "/me-south-1/a-service/" in loopback.requests[0].headers["authorization"]
    assert "x-amz-security-token" not in loopback.requests[0].headers


def test_what_is_missing_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(NoRegionError):
        SignedHttp.from_env("a-service", *NAMES, at_once=1)
    environment.delenv("AWS_SECRET_ACCESS_KEY")
    environment.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(NoCredentialsError):
        SignedHttp.from_env("a-service", *NAMES, at_once=1)
    environment.setenv(NAMES[1], "wss://a.example")
    with pytest.raises(InvalidSettingError, match=NAMES[1]):
        SignedHttp.from_env("a-service", *NAMES, at_once=1)
    environment.delenv(NAMES[1])
    with pytest.raises(MissingSettingError, match=NAMES[0]):
        SignedHttp.from_env("a-service", *NAMES, at_once=1)
