"""What comes over a connection, byte by byte. What the layer makes of it: test_signed_http.py."""

import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from lambdas.layer.http1 import Answer, Http1, NoAnswerError

A_WHILE = 5.0
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Talk(Http1):
    """A client, and whether the server saw it close its connection."""

    closed: threading.Event
    port: int


@contextmanager
def saying(*answers: bytes, pieces: int = 1, hang_up: bool = False) -> Iterator[Talk]:
    """Speak to a server that says each of these to one request, in so many pieces."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        # What the client has not read when it closes resets the connection: closed as well.
        with connection, suppress(ConnectionError):
            for answer in answers:
                while b"\r\n\r\n" not in connection.recv(65536):
                    pass
                size = max(1, len(answer) // pieces)
                for at in range(0, len(answer), size):
                    connection.sendall(answer[at : at + size])
            if not hang_up:
                connection.recv(1)  # until the client closes it
        closed.set()

    closed = threading.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    port = listening.getsockname()[1]
    http = Talk(f"http://127.0.0.1:{port}/path", at_once=1)
    http.port = port
    http.closed = closed
    try:
        with listening:
            yield http
    finally:
        http.close()
        thread.join(A_WHILE)
        assert not thread.is_alive()


def _ask(http: Talk) -> Answer:
    return http.post("/", {"host": "a"}, b"", A_WHILE)


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (OK, Answer(200, b"ok")),
        (b"HTTP/1.1 410 Gone\r\ncontent-length:0\r\n\r\n", Answer(410, b"")),
        (b"HTTP/1.1 503 \r\nContent-Length:   3  \r\n\r\n\r\n\r", Answer(503, b"\r\n\r")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, b"")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Answer(200, b"ok")),
        (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 102 \r\n\r\n" + OK, Answer(200, b"ok")),
        (
            CHUNKED + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            Answer(200, b"abc0123456789"),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nT: 1\r\n\r\n",
            Answer(200, b"a"),
        ),
    ],
)
def test_an_answer_is_read_whole_however_it_comes(said: bytes, answer: Answer, pieces: int) -> None:
    with saying(said, OK, pieces=pieces) as http:
        assert _ask(http) == answer
        # The connection is where the next answer begins.
        assert _ask(http) == Answer(200, b"ok")


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
        CHUNKED + b"3\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_breaks_off_is_none(said: bytes) -> None:
    with (
        saying(said, hang_up=True) as http,
        pytest.raises(NoAnswerError, match="closed before the answer was whole"),
    ):
        _ask(http)


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 xyz\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil it closes",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
        CHUNKED + b"1_0\r\n",
        CHUNKED + b"1\r\nabc0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    ],
)
def test_what_should_not_come_is_no_answer(said: bytes) -> None:
    with saying(said) as http:
        with pytest.raises(NoAnswerError, match="ValueError"):
            _ask(http)
        assert http.closed.wait(A_WHILE)


@pytest.mark.parametrize(
    "said",
    [
        CHUNKED + b'{"SecretString": "canary"}\r\n',
        CHUNKED + b"1\r\ncanary\r\n0\r\n\r\n",
        b"HTTP/1.1 200 canary\r\n\r\n",
        b"canary canary\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: canary\r\n\r\n",
    ],
)
def test_what_went_wrong_holds_nothing_of_what_came(said: bytes) -> None:
    with saying(said) as http, pytest.raises(NoAnswerError) as failed:
        _ask(http)
    assert "canary" not in "".join(traceback.format_exception(failed.value))


def test_an_answer_that_breaks_off_on_a_kept_connection_is_not_asked_for_again() -> None:
    with saying(OK, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", hang_up=True) as http:
        assert _ask(http) == Answer(200, b"ok")
        with pytest.raises(NoAnswerError, match="closed before the answer was whole"):
            _ask(http)


@contextmanager
def full() -> Iterator[tuple[str, int]]:
    """Yield an address that leaves whoever connects without an answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, ExitStack() as waiting:
        address = listening.getsockname()
        for _ in range(3):
            knocking = waiting.enter_context(socket.socket())
            knocking.setblocking(False)  # noqa: FBT003 - the library's own
            knocking.connect_ex(address)
        yield address


def _addresses(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> Http1:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    return Http1("http://several.example", at_once=1)


def test_one_timeout_is_for_all_addresses_of_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    with full() as address:
        http = _addresses(monkeypatch, *[address] * 10)
        start = time.monotonic()
        with pytest.raises(NoAnswerError, match="TimeoutError"):
            http.post("/", {}, b"", 0.3)
        assert time.monotonic() - start < 1.5


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with full() as dead, saying(OK) as http:
        living = ("127.0.0.1", http.port)
        several = _addresses(monkeypatch, dead, living)
        assert several.post("/", {"host": "a"}, b"", 2.0) == Answer(200, b"ok")
        several.close()


@pytest.mark.parametrize(
    "said",
    [
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot asked",
        b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_a_connection_that_may_not_be_used_again_is_not(said: bytes) -> None:
    with saying(said) as http:
        assert _ask(http) == Answer(200, b"ok")
        assert http.closed.wait(A_WHILE)


def test_an_answer_that_drips_is_given_up_in_time() -> None:
    """One byte after another, each well in time, and never a whole answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        given_up = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, suppress(ConnectionError):
                while not given_up.wait(0.02):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        http = Http1(f"http://127.0.0.1:{listening.getsockname()[1]}", at_once=1)
        with pytest.raises(NoAnswerError, match="TimeoutError"):
            http.post("/", {}, b"", 0.2)
        given_up.set()
        thread.join(A_WHILE)
