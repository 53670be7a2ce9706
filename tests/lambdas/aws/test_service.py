"""Signed POSTs to a service, against a real HTTP server on this machine."""

from collections.abc import Iterator
from datetime import datetime

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lambdas.layer.aws import service as service_module
from lambdas.layer.aws.clients import ENDPOINT_SETTING
from lambdas.layer.aws.connections_api import ConnectionsApi
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.aws.json_services import DynamoDb
from lambdas.layer.aws.service import AwsService, CredentialsError
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from tests.kit.loopback import HttpRequest, HttpResponse, LoopbackApi
from tests.lambdas.aws.clients import KEY, REGION, service
from tests.lambdas.aws.container import Container, serving_credentials

PATIENCE = 5.0
SETTINGS = ("OF_THIS_TEST", "OF_THIS_TEST_TOO")
JSON_HEADERS = {"x-amz-target": "A.B", "content-type": "application/x-amz-json-1.0"}


def _signature_by_botocore(
    request: HttpRequest, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Return the Authorization that botocore gives the same request at the same second."""
    signed_at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - as botocore has them
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: signed_at)
    kept = {"host", *JSON_HEADERS}
    theirs = AWSRequest(
        method="POST",
        url=f"http://{request.headers['host']}{request.target}",
        headers={name: value for name, value in request.headers.items() if name in kept},
        data=request.body,
    )
    botocore.auth.SigV4Auth(Credentials(*KEY, token), "execute-api", REGION).add_auth(theirs)
    return str(theirs.headers["Authorization"])


@pytest.mark.parametrize("token", [None, "a session token"], ids=["user", "role"])
@pytest.mark.parametrize("headers", [{}, JSON_HEADERS], ids=["bare", "json"])
@pytest.mark.parametrize("resource", ["/", "/@connections/V7mQkd0fDoECJwg%3D", "/a%2Fb%20c/~%C3"])
def test_a_request_is_signed_as_by_botocore(
    resource: str,
    headers: dict[str, str],
    token: str | None,
    loopback: LoopbackApi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service(loopback.endpoint, "execute-api", token=token).post(
        resource, "é💳".encode(), headers, PATIENCE
    )
    (request,) = loopback.requests
    assert request.headers["authorization"] == _signature_by_botocore(request, token, monkeypatch)
    assert request.headers.get("x-amz-security-token") == token
    assert "a secret" not in str(request.headers)


def test_what_is_posted_arrives_below_the_path_of_the_endpoint(loopback: LoopbackApi) -> None:
    loopback.script(HttpResponse(201, b"\x00answer\xff"))
    response = service(loopback.endpoint).post("/a", b"\x00\xff", JSON_HEADERS, PATIENCE)
    assert (response.status, response.body) == (201, b"\x00answer\xff")
    (request,) = loopback.requests
    assert (request.target, request.body) == ("/prod/a", b"\x00\xff")
    assert request.headers["host"] == loopback.endpoint.split("/")[2]
    assert request.headers.items() >= JSON_HEADERS.items()


@pytest.mark.parametrize("status", [301, 302, 307, 400, 429, 500, 503])
def test_nothing_is_followed_or_repeated(status: int, loopback: LoopbackApi) -> None:
    loopback.script(status)
    assert service(loopback.endpoint).post("/", b"", {}, PATIENCE).status == status
    assert len(loopback.requests) == 1


@pytest.fixture
def environment(loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment as a function has it, and nothing that this machine may add."""
    for name in (*SETTINGS, "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        SETTINGS[1]: f"{loopback.endpoint}/",
        "AWS_ACCESS_KEY_ID": "AKIDENV",
        "AWS_SECRET_ACCESS_KEY": "a secret",
        "AWS_REGION": "me-south-1",
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    service_module.credentials_provider.cache_clear()
    provider = service_module.credentials_provider.__wrapped__
    monkeypatch.setattr(service_module, "credentials_provider", provider)
    return monkeypatch


def _from_env() -> AwsService:
    return AwsService.from_env("a-service", *SETTINGS, max_connections=1)


def test_the_first_endpoint_that_is_set_is_taken(
    environment: pytest.MonkeyPatch, loopback: LoopbackApi
) -> None:
    for first in ("", loopback.endpoint):
        environment.setenv(SETTINGS[0], first)
        assert _from_env().post("/", b"", {}, PATIENCE).status == 200
        environment.setenv(SETTINGS[1], "http://127.0.0.1:9")
    headers = loopback.requests[0].headers
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDENV/")
    assert "/me-south-1/a-service/" in headers["authorization"]
    assert "x-amz-security-token" not in headers


@pytest.mark.usefixtures("environment")
def test_the_session_token_of_the_environment_is_sent(
    environment: pytest.MonkeyPatch, loopback: LoopbackApi
) -> None:
    environment.setenv("AWS_SESSION_TOKEN", "a token")
    _from_env().post("/", b"", {}, PATIENCE)
    assert loopback.requests[0].headers["x-amz-security-token"] == "a token"


@pytest.mark.parametrize(
    ("names", "region"),
    [
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "me-south-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "me-south-1"),
    ],
)
def test_the_region_is_aws_region_or_else_aws_default_region(
    names: dict[str, str],
    region: str,
    environment: pytest.MonkeyPatch,
    loopback: LoopbackApi,
) -> None:
    environment.delenv("AWS_REGION")
    for name, value in names.items():
        environment.setenv(name, value)
    _from_env().post("/", b"", {}, PATIENCE)
    assert f"/{region}/a-service/" in loopback.requests[0].headers["authorization"]


def test_what_is_missing_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_REGION")
    with pytest.raises(MissingSettingError, match="AWS_REGION"):
        _from_env()
    environment.setenv(SETTINGS[1], "wss://a.example")
    with pytest.raises(InvalidSettingError, match=f"{SETTINGS[1]} must be"):
        _from_env()
    environment.delenv(SETTINGS[1])
    with pytest.raises(MissingSettingError, match=SETTINGS[0]):
        _from_env()


def test_each_client_names_its_own_endpoint_setting(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", ENDPOINT_SETTING):
        environment.delenv(name, raising=False)
    with pytest.raises(MissingSettingError, match="AWS_ENDPOINT_URL_DYNAMODB"):
        DynamoDb.from_env()
    with pytest.raises(MissingSettingError, match=ENDPOINT_SETTING):
        ConnectionsApi.from_env()


# -- credentials that are not in the environment


@pytest.fixture
def container(environment: pytest.MonkeyPatch) -> Iterator[Container]:
    """Yield an endpoint that hands out credentials, as with SnapStart."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        environment.delenv(name)
    with serving_credentials() as container:
        environment.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.address)
        environment.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me")
        yield container


def test_a_containers_credentials_sign_and_are_asked_for_once(
    container: Container, loopback: LoopbackApi
) -> None:
    service = _from_env()
    service.resolve_credentials(PATIENCE)
    for _ in range(2):
        service.post("/", b"", {}, PATIENCE)
    for request in loopback.requests:
        assert "Credential=AKIDCONTAINER/" in request.headers["authorization"]
        assert request.headers["x-amz-security-token"] == "of the container"
    assert container.asked == ["let me"]


def test_credentials_that_do_not_come_in_time_are_an_error_that_says_so(
    container: Container, loopback: LoopbackApi
) -> None:
    container.answering.clear()
    service = _from_env()
    with pytest.raises(CredentialsError, match=r"no AWS credentials \(timeout\)"):
        service.resolve_credentials(0.1)
    with pytest.raises(TransportError, match="could not be signed: timeout"):
        service.post("/", b"", {}, 0.1)
    assert loopback.requests == []


def test_without_any_credentials_the_error_says_where_they_are_looked_for(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(CredentialsError, match="AWS_SECRET_ACCESS_KEY"):
        _from_env().resolve_credentials(PATIENCE)
