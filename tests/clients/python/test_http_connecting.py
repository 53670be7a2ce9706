"""What publishing over HTTPS trusts, through which proxy it goes, and in which process."""

import asyncio
import gc
import multiprocessing
import pickle
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clients.python.kit.certificate import untrusted
from tests.clients.python.kit.clients import IMPATIENT, KINDS, PAYMENT
from tests.clients.python.kit.http import Make, publishing, receive, stage, tokens
from tests.clients.python.kit.server import TIMEOUT
from tests.clients.python.kit.tunnel import tunnel
from tests.clients.python.test_connecting import proxy
from tests.kit.loopback import HttpResponse
from ws_notify import (
    AsyncHttpPublisher,
    ConfigurationError,
    DeadlineError,
    HandshakeError,
    HttpPublisher,
    Timeouts,
)
from ws_notify.http_endpoint import HttpEndpoint
from ws_notify.transport import http as transport

FAR, NEAR = "https://stage.example/dev", "http://stage.example/dev"


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    with publishing(request.param) as make:
        yield make


def test_an_untrusted_certificate_is_raised_at_once(make: Make, tmp_path: Path) -> None:
    context, _ = untrusted(tmp_path)
    with (
        stage(tls=context) as api,
        pytest.raises(ConfigurationError, match=r"is not trusted .*SSL_CERT_FILE"),
    ):
        make(api.endpoint).publish(**PAYMENT)
    assert api.requests == []


def test_the_authority_of_the_environment_is_trusted_and_the_connection_kept(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = untrusted(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with stage(tls=context) as api:
        publisher = make(api.endpoint)
        publisher.publish(**PAYMENT)
        publisher.publish(**PAYMENT)
    assert (len(api.requests), api.connections) == (2, 1)


def test_a_url_of_http_where_tls_is_spoken_ends_at_the_deadline(make: Make, tmp_path: Path) -> None:
    context, _ = untrusted(tmp_path)
    with stage(tls=context) as api:
        publisher = make(api.endpoint.replace("https", "http"), timeouts=IMPATIENT)
        with pytest.raises(DeadlineError):
            publisher.publish(**PAYMENT, deadline=0.3)


# Python 3.10 leaves the answer of a proxy that refused to the garbage collection:
# https://github.com/python/cpython/issues/103472
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_proxy_of_the_environment_is_asked_for_a_far_stage(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") as (address, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:p%40ss@{address}")
        with pytest.raises(ConfigurationError, match="the proxy refused with HTTP 407"):
            make(FAR).publish(**PAYMENT)
    (request,) = asked
    assert request.startswith(b"CONNECT stage.example:443 HTTP/1.")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in request
    gc.collect()


def test_a_tunnel_of_a_proxy_is_kept_and_the_token_is_not_shown_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = untrusted(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    for kind in KINDS:
        with tunnel() as (address, asked), stage(tls=context) as api, publishing(kind) as make:
            publisher = make(api.endpoint, token="canary", proxy=f"http://me:p%40ss@{address}")  # noqa: S106
            publisher.publish(**PAYMENT)
            publisher.publish(**PAYMENT)
            assert tokens(api) == ["Bearer canary"] * 2
            assert (len(asked), api.connections) == (1, 1)
            assert b"Proxy-Authorization: Basic bWU6cEBzcw==" in asked[0]
            assert b"canary" not in asked[0]


def test_a_kept_connection_that_the_service_has_closed_is_replaced_at_once(make: Make) -> None:
    patient = Timeouts(backoff=1e6, longest_backoff=1e6)
    with stage(lambda request: replace(receive(request), hang_up=True)) as api:
        publisher = make(api.endpoint, timeouts=patient)
        publisher.publish(**PAYMENT)
        api.wait_closed()
        publisher.publish(**PAYMENT)
    assert (len(api.requests), api.connections) == (2, 2)


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stage() as api, HttpPublisher(api.endpoint) as publisher:
        publisher.publish(**PAYMENT)
        publisher.publish(**PAYMENT)
        monkeypatch.setattr(transport, "MAX_IDLE", 0.0)
        publisher.publish(**PAYMENT)
    assert (len(api.requests), api.connections) == (3, 2)


def test_a_stage_of_http_is_asked_through_a_given_proxy(make: Make) -> None:
    with stage() as api:
        through = api.endpoint.removesuffix("/prod")
        make(NEAR, proxy=through).publish(**PAYMENT)
    (request,) = api.requests
    assert request.target == "http://stage.example/dev/publish"
    assert request.headers["host"] == "stage.example"


def test_a_loopback_address_goes_through_no_proxy_of_the_environment(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with stage() as api:
        make(api.endpoint).publish(**PAYMENT)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({"https_proxy": "proxy:3128"}, FAR, "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128", "no_proxy": ".example"}, FAR, None),
        ({"https_proxy": "http://proxy:3128"}, NEAR, None),
        ({"all_proxy": "socks5://proxy:1080"}, NEAR, "socks5://proxy:1080"),
        ({}, FAR, None),
    ],
)
def test_the_environment_chooses_the_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, expected: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert HttpEndpoint(url, None, IMPATIENT).proxy_url() == expected


def test_a_proxy_that_cannot_be_used_is_raised_at_once(make: Make) -> None:
    with pytest.raises(ConfigurationError, match="proxy=None"):
        make(FAR, proxy="socks4://127.0.0.1:1").publish(**PAYMENT)


@pytest.mark.parametrize(
    "url", ["ftp://me:canary@proxy.example", "http://me:canary", "http://me:canary@[::1"]
)
def test_an_invalid_proxy_of_the_environment_is_raised_without_its_password(
    make: Make, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(ConfigurationError, match="that the environment names") as raised:
        make(FAR).publish(**PAYMENT)
    assert "canary" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("deadline", [float("nan"), "10", True, None])
def test_a_deadline_that_is_not_a_number_is_raised_at_the_call(make: Make, deadline: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="deadline must be a number of seconds"):
        make(FAR).publish(**PAYMENT, deadline=deadline)


def test_a_missing_httpx_is_an_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'ws-notify\[httpx\]'"):
        AsyncHttpPublisher(FAR)


def test_the_netrc_of_a_user_replaces_no_token(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with stage() as api:
        make(api.endpoint, token="the-token").publish(**PAYMENT)  # noqa: S106
    assert tokens(api) == ["Bearer the-token"]


def test_a_redirect_is_not_followed_with_the_token(make: Make) -> None:
    with stage() as other:
        moved = HttpResponse(307, b"", {"Location": f"{other.endpoint}/publish"})
        with stage(moved) as api, pytest.raises(HandshakeError, match="HTTP 307"):
            make(api.endpoint, token="the-token").publish(**PAYMENT)  # noqa: S106
    assert other.requests == []


def _publish(publisher: HttpPublisher, answers: Any) -> None:
    answers.put(publisher.publish(**PAYMENT).id)
    publisher.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_publisher_in_another_process_has_its_own_connection(method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    answers = context.Queue()
    with stage() as api, HttpPublisher(api.endpoint) as publisher:
        publisher.publish(**PAYMENT)
        child = context.Process(target=_publish, args=(publisher, answers))
        child.start()
        try:
            assert answers.get(timeout=2 * TIMEOUT)
            child.join(2 * TIMEOUT)
            assert child.exitcode == 0
        finally:
            child.kill()
            child.join()
            answers.close()
            answers.join_thread()
        publisher.publish(**PAYMENT)
        assert (len(api.requests), api.connections) == (3, 2)


def test_a_publisher_in_another_event_loop_has_its_own_connection() -> None:
    async def publish() -> None:
        async with AsyncHttpPublisher(api.endpoint) as other:
            await other.publish(**PAYMENT)
        await pickle.loads(pickle.dumps(publisher)).publish(**PAYMENT)  # noqa: S301 - of here
        await publisher.publish(**PAYMENT)

    with stage() as api:
        publisher = AsyncHttpPublisher(api.endpoint)
        for _ in range(2):
            asyncio.run(publish())
    gc.collect()  # warns of connections that were left open
    assert (len(api.requests), api.connections) == (6, 6)
