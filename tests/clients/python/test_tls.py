"""TLS in the sync client: one thread at a time is within OpenSSL."""

import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clients.python.kit.certificate import untrusted
from tests.clients.python.kit.clients import PAYMENT
from tests.clients.python.kit.server import TIMEOUT, Server, Visit, scripted
from ws_notify import Client
from ws_notify.transport.tls import LockedSocket, make_context


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    context, authority = untrusted(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with scripted(Visit.serve, tls=context) as server:
        yield server


def test_a_read_and_a_write_of_a_connection_never_meet_in_openssl(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    within: Counter[int] = Counter()
    most: Counter[int] = Counter()
    lock = threading.Lock()

    def counted(inner: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: ssl.SSLSocket, *arguments: Any) -> Any:
            if self.server_side:
                return inner(self, *arguments)
            with lock:
                within[id(self)] += 1
                most[id(self)] = max(most[id(self)], within[id(self)])
            try:
                return inner(self, *arguments)
            finally:
                with lock:
                    within[id(self)] -= 1

        return call

    for name in ("recv", "send"):
        monkeypatch.setattr(ssl.SSLSocket, name, counted(getattr(ssl.SSLSocket, name)))
    with Client(server.url) as client:
        assert client.subscribe("shop", "12303").ready()
        for _ in range(20):
            client.publish(**PAYMENT)
    assert max(most.values()) == 1


def test_a_read_of_nothing_ends_at_its_timeout(server: Server) -> None:
    parts = urlsplit(server.url)
    address = (parts.hostname, parts.port)
    with socket.create_connection(address, TIMEOUT) as plain:
        secure = make_context().wrap_socket(plain, server_hostname=parts.hostname)
        with secure:
            assert isinstance(secure, LockedSocket)
            secure.settimeout(0.05)
            with pytest.raises(TimeoutError):
                secure.recv()
