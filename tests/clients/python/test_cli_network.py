"""What lies beneath the WebSocket: where `doctor` connects first."""

import socket

import pytest

from ws_notify.cli import network
from ws_notify.cli.network import Target


def test_a_proxy_of_the_environment_is_the_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "example.org")
    url = "wss://abc.execute-api.eu-west-1.amazonaws.com/dev"
    assert network.target_of(url) == Target("proxy.example", 3128, secure=False, proxied=True)
    assert network.target_of("wss://example.org/dev") == Target("example.org", 443, secure=True)
    assert network.target_of("ws://example.com/dev").proxied  # as the library beneath does


def test_an_address_that_refuses_is_followed_by_the_next() -> None:
    with socket.create_server(("127.0.0.1", 0)) as here:
        port = here.getsockname()[1]
        target = Target("localhost", port, secure=False)
        with network.reach(target, ["127.0.0.2", "127.0.0.1"]) as connection:
            assert connection.getpeername() == ("127.0.0.1", port)
