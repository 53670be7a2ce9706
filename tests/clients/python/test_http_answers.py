"""Answers of something else than a stage, connections that died, and ends while one publishes."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.clients.python.kit.clients import IMPATIENT, KINDS, PAYMENT
from tests.clients.python.kit.http import BUSY, Make, publishing, receive, stage, tokens
from tests.clients.python.kit.server import TIMEOUT
from tests.kit.loopback import HttpRequest, HttpResponse, LoopbackApi
from ws_notify import (
    AsyncHttpPublisher,
    Client,
    ClosedError,
    ConfigurationError,
    DeadlineError,
    HttpPublisher,
    Timeouts,
)

PATIENT = Timeouts(attempt=TIMEOUT)


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    with publishing(request.param) as make:
        yield make


@contextmanager
def dripping(head: bytes, drop: bytes) -> Iterator[tuple[str, threading.Semaphore]]:
    """Serve answers without end, drop by drop; yield the URL, and what counts those given up."""
    given_up = threading.Semaphore(0)

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(TIMEOUT)
            connection.recv(65536)
            connection.sendall(head)
            connection.settimeout(0.02)
            while True:
                connection.sendall(drop)
                with suppress(TimeoutError):
                    if not connection.recv(1):
                        break
        given_up.release()

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/prod", given_up
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(TIMEOUT)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "drop"),
    [(CHUNKED, b"1\r\nx\r\n"), (b"HTTP/1.1 200 OK\r\nX: ", b"x")],
    ids=["body", "header"],
)
def test_an_answer_that_drips_in_is_given_up_and_holds_no_thread(
    make: Make, head: bytes, drop: bytes
) -> None:
    with dripping(head, drop) as (url, given_up):
        with pytest.raises(DeadlineError, match="did not answer in time"):
            make(url, timeouts=IMPATIENT).publish(**PAYMENT, deadline=0.4)
        assert given_up.acquire(timeout=TIMEOUT)


def test_an_answer_far_longer_than_a_receipt_is_not_read_to_its_end(make: Make) -> None:
    with stage(HttpResponse(200, b"x" * 16_000_000)) as api:
        make(api.endpoint).publish(**PAYMENT)
    assert api.connections == 2


def test_an_answer_is_asked_for_and_read_without_compression(make: Make) -> None:
    bomb = HttpResponse(200, b"\x1f\x8b is not gzip", {"Content-Encoding": "gzip"})
    with stage(bomb) as api:
        make(api.endpoint).publish(**PAYMENT)
    assert [each.headers["accept-encoding"] for each in api.requests] == ["identity"] * 2


@pytest.mark.parametrize("wait", ["9" * 400, "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "²", "1.5"])
def test_a_retry_after_that_is_no_short_time_does_not_outlast_the_deadline(
    make: Make, wait: str
) -> None:
    busy = HttpResponse(429, {"message": "Too Many Requests"}, {"Retry-After": wait})
    with LoopbackApi(otherwise=busy) as api, pytest.raises(DeadlineError, match="HTTP 429"):
        make(api.endpoint).publish(**PAYMENT, deadline=1)


def test_a_retry_after_silence_uses_none_of_the_idle_connections(make: Make) -> None:
    together = threading.Barrier(3)

    def all_at_once(request: HttpRequest) -> HttpResponse:
        together.wait(TIMEOUT)
        return receive(request)

    with stage(*[all_at_once] * 3, "hang") as api, ThreadPoolExecutor(3) as threads:
        publisher = make(api.endpoint, timeouts=Timeouts(attempt=1.5, backoff=0.01))
        publishes = [threads.submit(lambda: publisher.publish(**PAYMENT)) for _ in range(3)]
        for each in publishes:
            each.result(TIMEOUT)
        publisher.publish(**PAYMENT)
        assert (len(api.requests), api.connections) == (5, 4)


def test_closing_ends_a_publish_that_is_under_way(make: Make) -> None:
    asked = threading.Event()

    def answer(_: HttpRequest) -> HttpResponse:
        asked.set()
        assert closed.wait(TIMEOUT)
        return BUSY

    closed = threading.Event()
    with stage(answer) as api, ThreadPoolExecutor(1) as threads:
        publisher = make(api.endpoint, timeouts=PATIENT)
        publishing = threads.submit(lambda: publisher.publish(**PAYMENT))
        assert asked.wait(TIMEOUT)
        publisher.close()
        try:
            with pytest.raises(ClosedError):
                publishing.result(TIMEOUT / 2)
        finally:
            closed.set()


def test_event_loops_of_several_threads_keep_a_connection_each() -> None:
    barrier = threading.Barrier(3)

    async def use() -> None:
        for _ in range(5):
            barrier.wait(TIMEOUT)  # all in the same state
            await publisher.publish(**PAYMENT)

    with stage() as api, ThreadPoolExecutor(3) as threads:
        publisher = AsyncHttpPublisher(api.endpoint)
        for each in [threads.submit(asyncio.run, use()) for _ in range(3)]:
            each.result(2 * TIMEOUT)
    assert (len(api.requests), api.connections) == (15, 3)


def test_a_cancellation_beside_a_result_is_not_lost() -> None:
    async def use() -> None:
        async def token() -> str:
            publishing.cancel()
            return ""  # which is an error, and so a result

        publisher = AsyncHttpPublisher(api.endpoint, token=token)
        publishing = asyncio.ensure_future(publisher.publish(**PAYMENT))
        with pytest.raises(asyncio.CancelledError):
            await publishing

    with stage() as api:
        asyncio.run(use())


@pytest.mark.parametrize("url", ["eyJ.eyJ.canary", "https://me:canary@x", "https://x/ canary"])
def test_what_may_be_a_token_or_a_password_is_not_shown_of_an_invalid_url(
    make: Make, url: str
) -> None:
    with pytest.raises(ValueError, match="HttpEndpointURL") as raised:
        make(url)
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("kind", [HttpPublisher, AsyncHttpPublisher, Client])
def test_a_url_that_is_not_text_is_a_type_error(kind: Any) -> None:
    with pytest.raises(TypeError, match="The URL must be a string, not NoneType"):
        kind(None)


@pytest.mark.parametrize("port", ["", ":4566"])
def test_the_url_of_the_other_kind_is_refused_with_what_takes_it(port: str) -> None:
    with pytest.raises(
        ValueError, match="'http://x'; http:// is for HttpPublisher, and for --http"
    ):
        Client(f"http://x{port}/dev")
    with pytest.raises(ValueError, match="'wss://x'; wss:// is for Client, and for commands"):
        HttpPublisher(f"wss://x{port}/dev")


def test_the_url_of_a_path_is_taken_as_it_is_and_a_wrong_one_says_which_it_should_be(
    make: Make,
) -> None:
    with stage() as api:
        make(f"{api.endpoint}//").publish(**PAYMENT)
        api.script(HttpResponse(404, {"message": "Not Found"}))
        with pytest.raises(ConfigurationError, match="HttpEndpointURL as it is"):
            make(f"{api.endpoint}/publish", token="t").publish(**PAYMENT)  # noqa: S106
    assert [each.target for each in api.requests] == ["/prod/publish", "/prod/publish/publish"]
    assert tokens(api) == [None, "Bearer t"]
