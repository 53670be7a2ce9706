"""This machine's addresses, and what keeps a program that speaks to them from a proxy."""

import socket
from urllib.request import proxy_bypass

import pytest

from tools.network import addresses, at, direct


def test_an_address_of_this_machine_is_one_that_it_can_listen_at() -> None:
    found = addresses()
    assert len(set(found)) == len(found)
    for address in found:
        with socket.create_server((address, 0)) as server:
            assert server.getsockname()[0] == address != "127.0.0.1"


def test_a_url_keeps_its_port_path_and_fragment_at_another_address() -> None:
    url = at("192.0.2.7", "ws://localhost:4566/_aws/execute-api/abc/local?a=b#c")
    assert url == "ws://192.0.2.7:4566/_aws/execute-api/abc/local?a=b#c"


@pytest.mark.parametrize(
    ("caller", "hosts"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": ""}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "corp.example, .corp"}, "127.0.0.1,localhost,corp.example,.corp"),
        ({"no_proxy": "one.example", "NO_PROXY": "two.example"}, "127.0.0.1,localhost,one.example"),
        ({"no_proxy": "127.0.0.1,localhost,a"}, "127.0.0.1,localhost,a"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_loopback_is_added_to_the_hosts_that_the_caller_reaches_without_a_proxy(
    caller: dict[str, str], hosts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert direct(caller) == {"NO_PROXY": hosts, "no_proxy": hosts}
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, hosts)
    assert proxy_bypass("localhost:4566")
    assert proxy_bypass("127.0.0.1:4566")
