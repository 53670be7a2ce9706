"""This machine's addresses."""

import socket

from tools.network import addresses, at


def test_an_address_of_this_machine_is_one_that_it_can_listen_at() -> None:
    found = addresses()
    assert len(set(found)) == len(found)
    for address in found:
        with socket.create_server((address, 0)) as server:
            assert server.getsockname()[0] == address != "127.0.0.1"


def test_a_url_keeps_its_port_path_and_fragment_at_another_address() -> None:
    url = at("192.0.2.7", "ws://localhost:4566/_aws/execute-api/abc/local?a=b#c")
    assert url == "ws://192.0.2.7:4566/_aws/execute-api/abc/local?a=b#c"
