"""Which connection is used, for how long, and what becomes of it. HTTP itself is the runtime's.

Against a server that writes bytes as a test says: what AWS's own servers never send, too.
"""

import socket
import ssl
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

import pytest
from awscrt.http import HttpClientConnection, HttpHeaders, HttpRequest
from awscrt.io import ClientTlsContext, TlsContextOptions

from lambdas.layer.aws import transport as transport_module
from lambdas.layer.aws.deadline import Deadline
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.aws.transport import Response, Transport
from tests.lambdas.aws.certificates import Certificates, certificates

PATIENCE = 5.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Server:
    """Accepts connections, and writes to each the next of a script's responses per request."""

    def __init__(self, *scripts: list[bytes], tls: ssl.SSLContext | None = None) -> None:
        self.accepted = 0
        self.requests: list[bytes] = []
        self.closed = threading.Semaphore(0)
        self._scripts = scripts
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []

    @property
    def endpoint(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://localhost:{self._listening.getsockname()[1]}"

    def run(self) -> None:
        with self._listening:
            for script in self._scripts:
                connection, _ = self._listening.accept()
                self.accepted += 1
                thread = threading.Thread(
                    target=self._serve, args=(connection, script), daemon=True
                )
                thread.start()
                self._threads.append(thread)

    def _serve(self, connection: socket.socket, script: list[bytes]) -> None:
        with suppress(OSError), connection:
            if self._tls is None:
                self._speak(connection, script)
            else:
                connection.settimeout(1)
                with self._tls.wrap_socket(connection, server_side=True) as peer:
                    self._speak(peer, script)
        self.closed.release()

    def _speak(self, peer: socket.socket, script: list[bytes]) -> None:
        for response in script:
            if response == CLOSE or not self._request(peer):
                return
            peer.sendall(response)
        peer.recv(1)  # until the client closes it

    def _request(self, peer: socket.socket) -> bool:
        received = b""
        while not received.endswith(b"\r\n\r\nbody"):
            if not (part := peer.recv(65536)):
                return False
            received += part
        self.requests.append(received)
        return True

    def join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


CLOSE = b"close"
"""As the last of a script: close the connection at once."""

NOTHING = b""
"""Take a request and do not answer it."""


@contextmanager
def serving(*scripts: list[bytes], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(*scripts, tls=tls)
    # Daemons: a test that fails, or that makes no connection, must not keep pytest from ending.
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server
    thread.join(PATIENCE)
    assert not thread.is_alive(), "fewer connections than expected"
    server.join()


def send(transport: Transport, timeout: float = PATIENCE) -> Response:
    headers = HttpHeaders([("host", "localhost"), ("content-length", "4")])
    request = HttpRequest("POST", "/", headers, BytesIO(b""))
    return transport.send(request, b"body", Deadline.after(timeout))


@contextmanager
def connected(server: Server, *, max_connections: int = 1) -> Iterator[Transport]:
    transport = Transport(server.endpoint, max_connections=max_connections)
    try:
        yield transport
    finally:
        transport.close()


def test_a_connection_is_used_again() -> None:
    responses = [OK, b"HTTP/1.1 410 Gone\r\ncontent-length:0\r\n\r\n", OK]
    with serving(responses) as server, connected(server) as transport:
        assert [send(transport).status for _ in responses] == [200, 410, 200]


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (CHUNKED + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", b"abc0123456789"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
def test_a_response_is_returned_whole(response: bytes, expected: bytes) -> None:
    with serving([response, OK]) as server, connected(server) as transport:
        assert send(transport).body == expected
        assert send(transport).body == b"ok"


@pytest.mark.parametrize(
    "response",
    [
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale",
        OK + b"stray bytes",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_a_connection_that_received_something_unasked_is_not_used_again(response: bytes) -> None:
    """Else its stale response would be taken for that of the next request."""
    with serving([response], [OK]) as server, connected(server) as transport:
        # What is unasked may be added to a body: the JSON operations then refuse it.
        assert send(transport).body.startswith(b"ok")
        assert send(transport) == Response(200, b"ok")
        assert server.accepted == 2


def test_an_idle_connection_that_the_peer_closed_is_replaced() -> None:
    with serving([OK, CLOSE], [OK]) as server, connected(server) as transport:
        send(transport)
        assert server.closed.acquire(timeout=PATIENCE)
        assert send(transport) == Response(200, b"ok")
        assert server.accepted == 2


def test_a_request_that_an_idle_connection_does_not_answer_is_sent_once_more() -> None:
    """As after a freeze: nobody told this side that the peer had closed it."""
    with serving([OK, NOTHING, CLOSE], [OK]) as server, connected(server) as transport:
        send(transport)
        assert send(transport) == Response(200, b"ok")
        assert server.accepted == 2
        assert len(server.requests) == 3


def test_an_idle_connection_that_closes_as_it_is_taken_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The runtime then raises RuntimeError: its own check comes after ours."""
    with serving([OK], [OK]) as server, connected(server) as transport:
        send(transport)
        (idle,) = transport._idle  # noqa: SLF001 - closed here, as a peer may
        idle.close().result(PATIENCE)
        monkeypatch.setattr(HttpClientConnection, "is_open", lambda _: True)
        assert send(transport) == Response(200, b"ok")
        assert server.accepted == 2


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
        CHUNKED + b"3\r\nab",
    ],
)
def test_a_request_that_an_idle_connection_began_to_answer_is_not_sent_again(
    broken: bytes,
) -> None:
    with serving([OK, broken, CLOSE]) as server, connected(server) as transport:
        send(transport)
        with pytest.raises(TransportError):
            send(transport, 1.0)
        assert len(server.requests) == 2


def test_a_new_connection_that_does_not_answer_is_not_tried_again() -> None:
    with (
        serving([NOTHING, CLOSE]) as server,
        connected(server) as transport,
        pytest.raises(TransportError, match="closed"),
    ):
        send(transport)


@pytest.mark.parametrize(
    "broken",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 xyz\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        CHUNKED.replace(b"OK", b"OK\r\nContent-Length: 2") + b"2\r\nok\r\n0\r\n\r\n",
        CHUNKED + b"canary\r\n",
        CHUNKED + b"1\r\ncanary\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_transport_error_that_shows_nothing_of_it(broken: bytes) -> None:
    with serving([broken]) as server, connected(server) as transport:
        with pytest.raises(TransportError) as failed:
            send(transport)
        assert "canary" not in "".join(traceback.format_exception(failed.value))
        assert server.closed.acquire(timeout=PATIENCE)


def test_a_body_without_a_length_is_empty() -> None:
    """The runtime drops it: AWS's services always send a length, or chunks."""
    endless = b"HTTP/1.1 200 OK\r\n\r\nuntil it closes"
    with serving([endless, CLOSE]) as server, connected(server) as transport:
        assert send(transport) == Response(200, b"")


def test_no_more_connections_than_asked_for_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests at once need two; the one that ends last finds its place taken."""
    both = threading.Barrier(2)
    with serving([OK], [OK]) as server, connected(server) as transport:
        acquire = transport._acquire  # noqa: SLF001 - see below

        def together() -> HttpClientConnection | None:
            found = acquire()
            both.wait(PATIENCE)
            return found

        monkeypatch.setattr(transport, "_acquire", together)  # so that neither takes the other's
        threads = [threading.Thread(target=send, args=(transport,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert server.closed.acquire(timeout=PATIENCE)
        assert len(transport._idle) == 1  # noqa: SLF001 - what is kept


@contextmanager
def silent() -> Iterator[tuple[str, threading.Event]]:
    """Accept a connection and drip bytes that never become a response, until it is closed."""
    closed = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.settimeout(0.02)
                while True:
                    connection.sendall(b"x")
                    with suppress(TimeoutError):
                        if not connection.recv(65536):
                            break
            closed.set()

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", closed
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_response_that_drips_is_given_up_at_the_deadline_and_its_connection_closed() -> None:
    with silent() as (endpoint, closed):
        transport = Transport(endpoint, max_connections=1)
        with pytest.raises(TransportError):
            send(transport, 0.3)
        assert closed.wait(PATIENCE)


@contextmanager
def full() -> Iterator[str]:
    """Yield an address whose backlog is full: connecting to it gets no answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        address = listening.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)  # noqa: FBT003 - the library's own
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for one in waiting:
            one.close()


def test_connecting_is_given_up_at_the_deadline() -> None:
    with full() as endpoint:
        started = time.monotonic()
        with pytest.raises(TransportError):
            send(Transport(endpoint, max_connections=1), 0.3)
        assert time.monotonic() - started < 2


def test_a_connection_that_comes_after_the_deadline_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late: Future[Any] = Future()
    monkeypatch.setattr(HttpClientConnection, "new", staticmethod(lambda *_, **__: late))

    class Connection:
        closed = False

        def close(self) -> None:
            self.closed = True

    connection = Connection()
    with pytest.raises(TransportError, match="no response in time"):
        send(Transport("http://127.0.0.1:9", max_connections=1), 0.05)
    late.set_result(connection)
    assert connection.closed


def test_a_connecting_that_fails_after_the_deadline_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    late: Future[Any] = Future()
    monkeypatch.setattr(HttpClientConnection, "new", staticmethod(lambda *_, **__: late))
    with pytest.raises(TransportError):
        send(Transport("http://127.0.0.1:9", max_connections=1), 0.05)
    late.set_exception(RuntimeError("refused"))
    assert caplog.records == []


def test_a_name_that_does_not_resolve_is_a_transport_error() -> None:
    with pytest.raises(TransportError):
        send(Transport("http://nothing.invalid", max_connections=1), 2.0)


# -- TLS


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """A server's certificate for localhost, by an authority that the transport trusts."""
    made = certificates("localhost")
    options = TlsContextOptions()
    options.override_default_trust_store(made.authority)
    context = ClientTlsContext(options)
    monkeypatch.setattr(transport_module, "_tls_context", lambda: context)
    return made


def test_https_is_spoken_to_a_server_whose_certificate_is_trusted(trusted: Certificates) -> None:
    with serving([OK, OK], tls=trusted.server()) as server, connected(server) as transport:
        assert send(transport) == Response(200, b"ok")
        assert send(transport) == Response(200, b"ok")
        assert server.accepted == 1


@pytest.mark.parametrize("name", ["localhost", "other.example"])
def test_a_certificate_of_another_authority_or_another_name_is_refused(
    name: str, request: pytest.FixtureRequest
) -> None:
    made = certificates(name)
    if name != "localhost":
        request.getfixturevalue("trusted")
    with (
        serving([OK], tls=made.server()) as server,
        connected(server) as transport,
        # s2n holds an error of the handshake back for longer than any deadline here.
        pytest.raises(TransportError),
    ):
        send(transport, 1.0)
    assert server.requests == []
