"""Publishing by direct invocation, with the real boto3 against an AWS on loopback."""

import threading
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from tests.clients.python.kit.aws import SILENCE, Answer, aws, rejected
from tests.clients.python.kit.clients import PAYMENT
from tests.clients.python.kit.frames import CRASHED, error, receipt
from tests.clients.python.kit.server import TIMEOUT
from ws_notify import DeadlineError, LambdaPublisher, RefusedError, Timeouts
from ws_notify.aws import _client

QUICK = Timeouts(attempt=0.4, backoff=0.01, longest_backoff=0.02)
CRASHED_FUNCTION = Answer(
    receipt("n-1"),  # whatever it says
    headers={"X-Amz-Function-Error": "Unhandled", "x-amzn-RequestId": "r-2"},
)


def published(**more: Any) -> Any:
    # Made before: that takes boto3 longer than an impatient attempt.
    publisher = LambdaPublisher("publish-dev", client=_client(), timeouts=QUICK)
    return publisher.publish(**PAYMENT, **more)


def test_a_publish_invokes_the_function_with_the_frame_and_returns_the_receipt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with aws(monkeypatch, Answer(receipt("mine", accepted=2))) as here:
        publisher = LambdaPublisher("publish-dev")
        assert publisher.publish(**PAYMENT, id="mine", amount="10.100").accepted == 2
    (path, _), (payload,) = here.requests[0], here.payloads
    assert path == "/2015-03-31/functions/publish-dev/invocations"
    expected = {"client": "backend", "status": "done", "id": "mine", "amount": "10.100", **PAYMENT}
    assert payload == expected


@pytest.mark.parametrize(
    "first",
    [
        rejected(429, "TooManyRequestsException"),
        rejected(500, "ServiceException"),
        CRASHED_FUNCTION,
        Answer(CRASHED),
        Answer("garbage"),
        Answer("null"),
        SILENCE,
    ],
    ids=["429", "500", "function error", "internal error", "garbage", "nothing", "silence"],
)
def test_a_transient_failure_is_retried_with_the_same_id(
    monkeypatch: pytest.MonkeyPatch, first: Answer
) -> None:
    with aws(monkeypatch, first, first, Answer(receipt("n-1"))) as here:
        assert published().accepted == 1
    ids = {payload["id"] for payload in here.payloads}
    assert (len(here.requests), len(ids)) == (3, 1)


@pytest.mark.parametrize(
    ("answer", "code", "request_id"),
    [
        (rejected(403, "AccessDeniedException"), "AccessDeniedException", "r-1"),
        (rejected(404, "ResourceNotFoundException"), "ResourceNotFoundException", "r-1"),
        (Answer(error("invalid_message", field="ref")), "invalid_message", "r-1"),
    ],
)
def test_a_final_error_is_raised_at_once(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, code: str, request_id: str
) -> None:
    with aws(monkeypatch, answer) as here, pytest.raises(RefusedError) as raised:
        published()
    assert (raised.value.code, raised.value.request_id) == (code, request_id)
    assert not raised.value.retryable
    assert len(here.requests) == 1


@pytest.mark.parametrize(
    ("answer", "deadline"),
    [(SILENCE, 0.6), (SILENCE, 0.3), (CRASHED_FUNCTION, 0.6)],
    ids=["silence", "silence at the first attempt", "crash"],
)
def test_a_deadline_bounds_the_call_and_names_the_id(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, deadline: float
) -> None:
    with aws(monkeypatch, answer):
        began = time.monotonic()
        with pytest.raises(DeadlineError, match="the last try: ") as raised:
            published(id="mine", deadline=deadline)
        assert deadline - 0.1 < time.monotonic() - began < 2
    assert raised.value.id == "mine"


def test_an_unreachable_aws_is_retried_until_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with aws(monkeypatch, SILENCE):
        pass  # it has gone
    with pytest.raises(DeadlineError, match="Lambda could not be reached"):
        published(deadline=1)


def test_an_attempt_cut_short_by_the_deadline_does_not_hide_the_error_before() -> None:
    ending = threading.Event()

    class FailingThenSilent:
        attempts = 0

        def invoke(self, **_: object) -> object:
            self.attempts += 1
            if self.attempts == 1:
                raise EndpointConnectionError(endpoint_url="https://lambda.example")
            ending.wait(TIMEOUT)
            raise AssertionError

    try:
        patient = Timeouts(attempt=TIMEOUT, backoff=0.01)
        publisher = LambdaPublisher("f", client=FailingThenSilent(), timeouts=patient)
        with pytest.raises(DeadlineError, match="Lambda could not be reached"):
            publisher.publish(**PAYMENT, deadline=0.5)
    finally:
        ending.set()


def test_missing_credentials_are_raised_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws(monkeypatch, SILENCE) as here:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session(region_name="eu-west-1"))
        with pytest.raises(RefusedError, match="NoCredentialsError"):
            published()
    assert here.requests == []


def test_an_unexpected_exception_is_raised_unchanged() -> None:
    class Broken:
        def invoke(self, **_: object) -> object:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        LambdaPublisher("f", client=Broken()).publish(**PAYMENT)
