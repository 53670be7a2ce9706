"""In a backend's process, a proxy of the environment is used for AWS, and not for this machine."""

from urllib.parse import urlsplit

import pytest

from lambdas.layer import limits
from tests.kit.loopback import HttpResponse, LoopbackApi
from tests.lambdas.aws.clients import connections_api, dynamodb

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
DEAD = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, DEAD)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_loopback_address_is_reached_through_no_proxy(
    host: str, loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = loopback.endpoint.replace("127.0.0.1", host)
    loopback.script(HttpResponse(200, {}), 200)
    assert dynamodb("boto3", endpoint, monkeypatch).call("ListTables") == {}
    posts = connections_api("boto3", endpoint, monkeypatch)
    assert posts.post("V7mQkd0fDoECJwg=", b"x", limits.ATTEMPT_TIMEOUT) == 200
    assert len(loopback.requests) == 2


def test_another_address_is_reached_through_the_proxy(
    loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, f"http://{urlsplit(loopback.endpoint).netloc}")
    loopback.script(HttpResponse(200, {}), 200)
    assert dynamodb("boto3", "http://127.0.0.1.example", monkeypatch).call("ListTables") == {}
    posts = connections_api("boto3", "http://localhost.example/prod", monkeypatch)
    assert posts.post("V7mQkd0fDoECJwg=", b"x", limits.ATTEMPT_TIMEOUT) == 200
    hosts = [request.headers["host"] for request in loopback.requests]
    assert hosts == ["127.0.0.1.example", "localhost.example"]
