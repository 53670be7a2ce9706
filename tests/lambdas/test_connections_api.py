"""One post on the wire, against a real HTTP server on this machine."""

import socket
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError, NoRegionError

from lambdas.layer.connections_api import ConnectionsApi
from lambdas.layer.http1 import NoAnswerError
from lambdas.layer.sender import Delivery, Sender
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from lambdas.layer.signed_http import SignedHttp
from lambdas.layer.storage import Storage
from tests.lambdas.examples import TOPIC, listeners
from tests.lambdas.loopback import HttpRequest, LoopbackApi

CONNECTION = "V7mQkd0fDoECJwg="
DATA = '{"client":"backend","message":"é 💳"}'.encode()
REGION = "eu-west-1"
ENDPOINT_SETTING = "CONNECTIONS_ENDPOINT_URL"


@pytest.fixture(params=[None, "a session token"], ids=["user", "role"])
def credentials(request: pytest.FixtureRequest) -> Credentials:
    return Credentials("AKIDEXAMPLE", "a secret", request.param)


def _signed(loopback: LoopbackApi, credentials: Credentials) -> ConnectionsApi:
    return ConnectionsApi(
        SignedHttp(loopback.endpoint, "execute-api", credentials, REGION, at_once=32)
    )


def _api(loopback: LoopbackApi) -> ConnectionsApi:
    return _signed(loopback, Credentials("AKIDEXAMPLE", "a secret"))


def _post_with_boto3s_client(
    loopback: LoopbackApi, credentials: Credentials, connection_id: str
) -> HttpRequest:
    client: Any = botocore.session.Session().create_client(
        "apigatewaymanagementapi",
        region_name=REGION,
        endpoint_url=loopback.endpoint,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.post_to_connection(ConnectionId=connection_id, Data=DATA)
    client.close()
    return loopback.requests[-1]


@pytest.mark.parametrize("connection_id", [CONNECTION, "JC1dgf9yoAMCK-g=", "3", "a/b c+d%3D~é"])
def test_a_post_is_signed_and_addressed_as_by_boto3s_own_client(
    connection_id: str,
    loopback: LoopbackApi,
    credentials: Credentials,
    signing_at: Callable[[datetime], None],
) -> None:
    signing_at(datetime(2026, 11, 23, 9, 30))  # noqa: DTZ001 - as botocore has them
    theirs = _post_with_boto3s_client(loopback, credentials, connection_id)
    assert _signed(loopback, credentials).post(connection_id, DATA, 5) == 200
    ours = loopback.requests[-1]

    assert ours is not theirs
    assert ours.target == theirs.target
    assert ours.body == theirs.body == DATA
    for name in ("authorization", "x-amz-date", "x-amz-security-token", "host", "content-length"):
        assert ours.headers.get(name) == theirs.headers.get(name), name
    assert "content-type" not in ours.headers


def test_the_padding_of_a_connection_id_is_quoted(loopback: LoopbackApi) -> None:
    _api(loopback).post(CONNECTION, DATA, 5)
    (request,) = loopback.requests
    assert request.target == "/prod/@connections/V7mQkd0fDoECJwg%3D"


@pytest.mark.parametrize("status", [200, 400, 403, 410, 413, 429, 500, 503])
def test_the_status_is_returned_whatever_it_is(status: int, loopback: LoopbackApi) -> None:
    loopback.script(status)
    assert _api(loopback).post(CONNECTION, DATA, 5) == status
    assert len(loopback.requests) == 1


def test_connections_are_kept_from_post_to_post(loopback: LoopbackApi) -> None:
    api = _api(loopback)
    loopback.script(200, 410, 500, 200)
    for _ in range(4):
        api.post(CONNECTION, DATA, 5)
    assert len(loopback.requests) == 4
    assert loopback.connections == 1


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(loopback: LoopbackApi) -> None:
    api = _api(loopback)
    loopback.script("hang up")
    assert api.post(CONNECTION, DATA, 5) == 200
    loopback.wait_closed()
    assert api.post(CONNECTION, DATA, 5) == 200
    assert loopback.connections == 2


def test_a_kept_connection_that_is_reset_is_replaced_at_once(loopback: LoopbackApi) -> None:
    """As after a freeze: nobody told this side that the other had closed it."""
    api = _api(loopback)
    loopback.script(200, "reset", 410)
    assert api.post(CONNECTION, DATA, 5) == 200
    assert api.post(CONNECTION, DATA, 5) == 410
    assert [request.body for request in loopback.requests] == [DATA] * 3
    assert loopback.connections == 2


def test_a_new_connection_that_is_reset_is_not_tried_again(loopback: LoopbackApi) -> None:
    api = _api(loopback)
    loopback.script(200, "reset", "reset", 200)
    assert api.post(CONNECTION, DATA, 5) == 200
    with pytest.raises(NoAnswerError, match="ConnectionResetError"):
        api.post(CONNECTION, DATA, 5)
    assert len(loopback.requests) == 3


def test_no_answer_in_time_raises(loopback: LoopbackApi) -> None:
    loopback.script("hang")
    with pytest.raises(NoAnswerError):
        _api(loopback).post(CONNECTION, DATA, 0.2)
    assert len(loopback.requests) == 1


def test_connecting_and_waiting_share_one_timeout(
    loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def slowly(*args: Any, **kwargs: Any) -> Any:
        time.sleep(0.8)
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    loopback.script("hang")
    start = time.monotonic()
    with pytest.raises(NoAnswerError):
        _api(loopback).post(CONNECTION, DATA, 1.0)
    assert time.monotonic() - start < 1.6


def test_a_reset_connection_raises(loopback: LoopbackApi) -> None:
    loopback.script("reset")
    with pytest.raises(NoAnswerError, match="ConnectionResetError"):
        _api(loopback).post(CONNECTION, DATA, 5)


def test_nobody_listening_raises_at_once() -> None:
    with LoopbackApi() as loopback:
        api = _api(loopback)
    with pytest.raises(NoAnswerError, match="ConnectionRefusedError"):
        api.post(CONNECTION, DATA, 5)


def test_a_sender_gets_its_frame_through_resets_and_errors(
    loopback: LoopbackApi, storage: Storage
) -> None:
    sender = Sender(_api(loopback), storage)
    loopback.script("reset", 500, 429, 200)
    delivery = sender.broadcast(TOPIC, listeners([CONNECTION]), DATA.decode())
    assert delivery == Delivery(accepted=1, gone=0, failed=0)
    assert [request.body for request in loopback.requests] == [DATA] * 4


def test_many_posts_at_once_are_each_signed_and_answered(
    loopback: LoopbackApi, storage: Storage
) -> None:
    sender = Sender(_api(loopback), storage)
    delivery = sender.broadcast(TOPIC, listeners([f"c{n}" for n in range(100)]), DATA.decode())
    assert delivery == Delivery(accepted=100, gone=0, failed=0)
    assert {request.target for request in loopback.requests} == {
        f"/prod/@connections/c{n}" for n in range(100)
    }
    assert loopback.connections <= 32


def test_rotated_credentials_sign_the_next_post(loopback: LoopbackApi) -> None:
    credentials = Credentials("AKIDFIRST", "a secret")
    api = _signed(loopback, credentials)
    api.post(CONNECTION, DATA, 5)
    credentials.access_key = "AKIDSECOND"
    api.post(CONNECTION, DATA, 5)
    first, second = (request.headers["authorization"] for request in loopback.requests)
    assert "Credential=AKIDFIRST/" in first
    assert "Credential=AKIDSECOND/" in second


@pytest.fixture
def environment(loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment as a function has it, and nothing that this machine may add."""
    monkeypatch.setenv(ENDPOINT_SETTING, loopback.endpoint + "/")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_the_environment_names_endpoint_credentials_and_region(loopback: LoopbackApi) -> None:
    assert ConnectionsApi.from_env().post(CONNECTION, DATA, 5) == 200
    (request,) = loopback.requests
    assert request.target == "/prod/@connections/V7mQkd0fDoECJwg%3D"
    assert "Credential=AKIDENV/" in request.headers["authorization"]
    assert "/eu-west-1/execute-api/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "a token"


def test_an_environment_without_an_endpoint_is_an_error_that_names_it(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv(ENDPOINT_SETTING)
    with pytest.raises(MissingSettingError, match=ENDPOINT_SETTING):
        ConnectionsApi.from_env()
    environment.setenv(ENDPOINT_SETTING, "wss://a.example/prod")
    with pytest.raises(InvalidSettingError, match=ENDPOINT_SETTING):
        ConnectionsApi.from_env()


def test_an_environment_without_credentials_or_region_is_an_error(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(NoRegionError):
        ConnectionsApi.from_env()
    environment.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(NoCredentialsError):
        ConnectionsApi.from_env()
