"""Publishing over HTTPS, both kinds, against a scripted stage on loopback."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.python.kit.clients import KINDS, PAYMENT
from tests.clients.python.kit.frames import CRASHED, error, receipt
from tests.clients.python.kit.http import (
    BUSY,
    DENIED,
    EXPIRED,
    UNAUTHORIZED,
    Make,
    bodies,
    publishing,
    stage,
    tokens,
)
from tests.kit.loopback import HttpResponse, LoopbackApi, ScriptedResponse
from ws_notify import (
    ClosedError,
    ConfigurationError,
    DeadlineError,
    HandshakeError,
    RefusedError,
    Timeouts,
    TokenError,
    WsNotifyError,
)

IMPATIENT = Timeouts(attempt=0.3, backoff=0.01, longest_backoff=0.02)


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    with publishing(request.param) as make:
        yield make


def test_a_publish_is_one_post_of_the_frame_and_returns_the_receipt(make: Make) -> None:
    with stage() as api:
        found = make(f"{api.endpoint}/", token="t").publish(**PAYMENT, id="mine", amount="10.100")  # noqa: S106
    (request,) = api.requests
    assert (found.id, found.ref, found.accepted) == ("mine", "12303", 1)
    assert request.target == "/prod/publish"
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["content-type"] == "application/json"
    expected = {"client": "backend", "status": "done", "id": "mine", "amount": "10.100", **PAYMENT}
    assert json.loads(request.body) == expected


@pytest.mark.parametrize(
    "first",
    [
        BUSY,
        HttpResponse(503, error("internal_error").encode()),
        HttpResponse(500, CRASHED.encode()),
        500,
        502,
        HttpResponse(503, {"message": "Service Unavailable"}),
        504,
        HttpResponse(429, {"message": "Too Many Requests"}),
        HttpResponse(200, b"<html>Sign in to the hotel's network</html>"),
        HttpResponse(200, receipt("another").encode()),
        HttpResponse(200, b"\xff"),
        "hang",
        "reset",
        "hang up",
    ],
    ids=repr,
)
def test_a_transient_failure_is_retried_with_the_same_id(
    make: Make, first: ScriptedResponse
) -> None:
    with stage(first, first) as api:
        make(api.endpoint, timeouts=IMPATIENT).publish(**PAYMENT)
    assert tokens(api) == [None] * 3
    assert len({body["id"] for body in bodies(api)}) == 1


FINAL: list[tuple[HttpResponse | int, type[WsNotifyError], str]] = [
    (HttpResponse(400, error("invalid_message", field="ref").encode()), RefusedError,
     "invalid_message"),
    (HttpResponse(403, error("forbidden").encode()), RefusedError, "forbidden"),
    (HttpResponse(413, error("too_large").encode()), RefusedError, "too_large"),
    (HttpResponse(413, {"message": "Request Entity Too Large"}), RefusedError, "too_large"),
    (UNAUTHORIZED, HandshakeError, "HTTP 401. The token is missing or invalid"),
    (DENIED, HandshakeError, "HTTP 403. The stage's authorizer denies the token"),
    (EXPIRED, RefusedError, "forbidden"),
    (HttpResponse(404, {"message": "Not Found"}), ConfigurationError, "output HttpEndpointURL"),
    (HttpResponse(301, b"", {"Location": "https://elsewhere.invalid"}), HandshakeError, "HTTP 301"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "kind", "said"), FINAL, ids=repr)
def test_what_no_repetition_mends_is_raised_at_once(
    make: Make, answer: HttpResponse, kind: type[WsNotifyError], said: str
) -> None:
    with stage(answer) as api, pytest.raises(kind, match=said) as raised:
        make(api.endpoint, token="t").publish(**PAYMENT)  # noqa: S106
    assert not raised.value.retryable
    assert len(api.requests) == 1


def test_an_error_frame_says_its_field_and_its_request(make: Make) -> None:
    refused = HttpResponse(400, error("invalid_message", field="ref").encode())
    with stage(refused) as api, pytest.raises(RefusedError) as raised:
        make(api.endpoint).publish(**PAYMENT)
    assert (raised.value.field, raised.value.request_id) == ("ref", "r-1")


@pytest.mark.parametrize("denial", [UNAUTHORIZED, DENIED, EXPIRED], ids=["401", "403", "exp"])
def test_a_denied_token_of_a_function_is_followed_by_one_other(
    make: Make, denial: HttpResponse
) -> None:
    given = iter(f"t-{number}" for number in range(9))
    with stage(denial) as api:
        publisher = make(api.endpoint, token=lambda: next(given))
        publisher.publish(**PAYMENT)
        publisher.publish(**PAYMENT)
        assert tokens(api) == ["Bearer t-0", "Bearer t-1", "Bearer t-1"]
        api.script(denial, denial)
        with pytest.raises(WsNotifyError):
            publisher.publish(**PAYMENT)
    assert tokens(api)[3:] == ["Bearer t-1", "Bearer t-2"]


def test_a_request_without_an_answer_is_followed_by_another_token(make: Make) -> None:
    given = iter(["t-0", "t-1"])
    with stage("reset") as api:
        make(api.endpoint, token=lambda: next(given)).publish(**PAYMENT)
    assert tokens(api) == ["Bearer t-0", "Bearer t-1"]


def test_a_failing_token_function_is_retried_until_the_deadline(make: Make) -> None:
    def failing() -> str:
        raise OSError("no vault")

    with stage() as api, pytest.raises(DeadlineError, match="raised OSError"):
        make(api.endpoint, token=failing).publish(**PAYMENT, deadline=0.2)
    assert api.requests == []


def test_an_invalid_token_of_a_function_is_raised_at_once(make: Make) -> None:
    with stage() as api, pytest.raises(TokenError, match="empty token"):
        make(api.endpoint, token=lambda: "").publish(**PAYMENT)


@pytest.mark.parametrize("deadline", [0.6, 0.2])
def test_a_deadline_bounds_the_call_and_names_the_id(make: Make, deadline: float) -> None:
    with stage("hang", "hang", "hang") as api:
        began = time.monotonic()
        with pytest.raises(DeadlineError, match="the last try: The service did not") as raised:
            make(api.endpoint, timeouts=IMPATIENT).publish(**PAYMENT, id="mine", deadline=deadline)
        assert time.monotonic() - began < 2
    assert raised.value.id == "mine"


def test_an_attempt_cut_short_by_the_deadline_does_not_hide_the_error_before(make: Make) -> None:
    with stage(BUSY, "hang") as api, pytest.raises(DeadlineError, match="internal_error") as raised:
        make(api.endpoint).publish(**PAYMENT, deadline=0.5)
    assert raised.value.request_id == "r-1"


def test_an_unreachable_service_is_retried_until_the_deadline(make: Make) -> None:
    with stage() as api:
        pass  # it has gone
    with pytest.raises(DeadlineError, match="No answer of the service"):
        make(api.endpoint).publish(**PAYMENT, deadline=0.3)


def test_a_publish_without_time_sends_nothing(make: Make) -> None:
    with stage() as api, pytest.raises(DeadlineError):
        make(api.endpoint).publish(**PAYMENT, deadline=0)
    assert api.requests == []


def test_a_wait_beyond_the_deadline_ends_at_once(make: Make) -> None:
    busy = HttpResponse(429, b"", {"Retry-After": "3600"})
    with stage(busy) as api, pytest.raises(DeadlineError, match="HTTP 429"):
        make(api.endpoint).publish(**PAYMENT, deadline=60)
    assert len(api.requests) == 1


def test_publishes_share_a_connection_and_outlive_one_that_was_closed(make: Make) -> None:
    with stage() as api:
        publisher = make(api.endpoint)
        for _ in range(3):
            publisher.publish(**PAYMENT)
        assert api.connections == 1
        api.script("hang up")
        publisher.publish(**PAYMENT, id="n-1")
        assert [body["id"] for body in bodies(api)[3:]] == ["n-1", "n-1"]
    assert api.connections == 2


def test_threads_share_a_publisher(make: Make) -> None:
    ids = [f"n-{number}" for number in range(8)]
    receipts: list[str] = []
    with stage() as api:
        publisher = make(api.endpoint)
        threads = [
            threading.Thread(
                target=lambda id_=id_: receipts.append(publisher.publish(**PAYMENT, id=id_).id)
            )
            for id_ in ids
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert sorted(receipts) == ids


def test_a_closed_publisher_refuses_at_once(make: Make) -> None:
    with stage() as api:
        publisher = make(api.endpoint)
        publisher.publish(**PAYMENT)
        publisher.close()
        publisher.close()
        with pytest.raises(ClosedError):
            publisher.publish(**PAYMENT)
    assert len(api.requests) == 1


@pytest.mark.parametrize("changed", [{"ref": None}, {"amount": float("nan")}, {"client": "x"}])
def test_what_the_service_would_refuse_raises_and_nothing_is_sent(
    make: Make, changed: dict[str, Any]
) -> None:
    with LoopbackApi() as api, pytest.raises((TypeError, ValueError)):
        make(api.endpoint).publish(**{**PAYMENT, **changed})
    assert api.requests == []


@pytest.mark.parametrize(
    "url",
    ["wss://x/dev", "https://", "x", "https://x?token=t", "https://x#a", "https://a:b@x",
     "https://x y", "https://x:port", "https://[x", "https://x/\r\nHost: y"],
)  # fmt: skip
def test_an_invalid_url_is_refused(make: Make, url: str) -> None:
    with pytest.raises(ValueError, match="HttpEndpointURL"):
        make(url)
