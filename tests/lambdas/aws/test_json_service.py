"""Calling AWS services that speak JSON, against a real HTTP server on this machine."""

import traceback
from typing import Any

import pytest

from lambdas.layer import limits
from lambdas.layer.aws import json_services, retries
from lambdas.layer.aws.errors import ServiceError, TransportError
from lambdas.layer.aws.json_services import JsonService
from tests.kit.clock import FakeTime, LongestPauses
from tests.kit.loopback import HttpResponse, LoopbackApi, ScriptedResponse
from tests.lambdas.aws.clients import json_service

PARAMETERS = {"TableName": "ledger", "Key": {"ref": {"S": "é💳"}}}
RETRYABLE: list[Any] = [
    429,
    500,
    HttpResponse(500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}),
    502,
    HttpResponse(503, b"<html>Service Unavailable</html>"),
    504,
    HttpResponse(400, {"__type": "com.amazonaws.dynamodb#ProvisionedThroughputExceededException"}),
    HttpResponse(400, {"__type": "com.amazon.coral.availability#ThrottlingException"}),
    HttpResponse(400, {"__type": "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded"}),
    "reset",
    HttpResponse(200, b"<html>canary</html>"),
    HttpResponse(200, b'["canary"]'),
    HttpResponse(200, b'{}{"canary": 1}'),  # what a peer sent unasked may stand behind a response
    HttpResponse(200, b""),  # a body without a length is dropped
]
REFUSED: list[HttpResponse] = [
    HttpResponse(400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "because"})
    for code in (
        "ConditionalCheckFailedException",
        "ResourceNotFoundException",
        "ValidationException",
        "AccessDeniedException",
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "ThrottlingExceptionOfAnotherKind",
    )
]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    time = FakeTime()
    monkeypatch.setattr(json_services, "time", time)
    monkeypatch.setattr(retries, "random", LongestPauses)
    return time


@pytest.fixture
def api(loopback: LoopbackApi, waits: FakeTime) -> JsonService:
    del waits
    return json_service(loopback.endpoint)


def _refusal(api: JsonService) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        api.call("PutItem", **PARAMETERS)
    assert refused.value.operation == "PutItem"
    return refused.value


def test_a_response_is_returned_unchanged(api: JsonService, loopback: LoopbackApi) -> None:
    body = {"Items": [{"n": {"N": "1"}, "s": {"S": "é💳\n"}}], "Count": 1, "LastEvaluatedKey": {}}
    loopback.script(HttpResponse(200, body), HttpResponse(200, {}))
    assert api.call("Query", **PARAMETERS) == body
    assert api.call("PutItem", **PARAMETERS) == {}


@pytest.mark.parametrize("retryable", RETRYABLE)
def test_a_retryable_response_is_retried_once(
    retryable: ScriptedResponse, api: JsonService, loopback: LoopbackApi, waits: FakeTime
) -> None:
    loopback.script(retryable, HttpResponse(200, {"Count": 7}))
    assert api.call("Query", **PARAMETERS) == {"Count": 7}
    first, second = loopback.requests
    assert first.body == second.body
    assert first.headers["x-amz-target"] == second.headers["x-amz-target"]
    assert waits.slept == [1.0]


@pytest.mark.parametrize("retryable", RETRYABLE)
def test_a_retryable_response_is_raised_after_two_attempts(
    retryable: ScriptedResponse, api: JsonService, loopback: LoopbackApi, waits: FakeTime
) -> None:
    loopback.script(*[retryable] * 3)
    unanswered = retryable == "reset" or (
        isinstance(retryable, HttpResponse) and retryable.status == 200
    )
    with pytest.raises(TransportError if unanswered else ServiceError) as failed:
        api.call("Query", **PARAMETERS)
    assert "canary" not in "".join(traceback.format_exception(failed.value))
    assert len(loopback.requests) == 2
    assert waits.slept == [1.0]


def test_no_answer_in_time_is_tried_once_more_and_then_raised(
    api: JsonService, loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ATTEMPT_TIMEOUT", 0.1)
    loopback.script("hang", "hang")
    with pytest.raises(TransportError):
        api.call("Query", **PARAMETERS)
    assert len(loopback.requests) == 2


def test_a_refused_connection_is_raised(waits: FakeTime) -> None:
    with LoopbackApi() as gone:
        endpoint = gone.endpoint
    with pytest.raises(TransportError):
        json_service(endpoint).call("Query", **PARAMETERS)
    assert waits.slept == [1.0]


def test_the_second_attempt_may_be_refused_for_another_reason(
    api: JsonService, loopback: LoopbackApi
) -> None:
    loopback.script("reset", REFUSED[0])
    assert _refusal(api).code == "ConditionalCheckFailedException"


@pytest.mark.parametrize("refused", REFUSED)
def test_a_response_that_is_not_retryable_is_raised_at_once(
    refused: HttpResponse, api: JsonService, loopback: LoopbackApi, waits: FakeTime
) -> None:
    loopback.script(refused)
    assert isinstance(refused.body, dict)
    code = refused.body["__type"].rpartition("#")[2]
    refusal = _refusal(api)
    assert (refusal.code, refusal.message) == (code, "because")
    assert len(loopback.requests) == 1
    assert waits.slept == []


def test_a_failed_condition_shows_the_item_that_was_there(
    api: JsonService, loopback: LoopbackApi
) -> None:
    item = {"entry": {"S": "notification#r1"}, "write": {"S": "abc"}}
    loopback.script(
        HttpResponse(400, {"__type": "a#ConditionalCheckFailedException", "Item": item})
    )
    refusal = _refusal(api)
    assert refusal.body["Item"] == item
    assert (refusal.code, refusal.message) == ("ConditionalCheckFailedException", "")


def test_a_code_may_come_without_a_namespace(api: JsonService, loopback: LoopbackApi) -> None:
    loopback.script(
        HttpResponse(400, {"__type": "ResourceNotFoundException", "Message": "no secret"})
    )
    refusal = _refusal(api)
    assert (refusal.code, refusal.message) == ("ResourceNotFoundException", "no secret")


@pytest.mark.parametrize(
    "body", [b"", b"garbage", b"<html>", b"\xff\xfe", b"null", b"7", b'"x"', b"[]", b"{}", b"{"]
)
@pytest.mark.parametrize("status", [302, 400, 403, 404, 413])
def test_an_error_without_a_body_of_the_service_is_named_by_its_status(
    status: int, body: bytes, api: JsonService, loopback: LoopbackApi
) -> None:
    loopback.script(HttpResponse(status, body))
    refusal = _refusal(api)
    assert (refusal.code, refusal.message, refusal.body) == (f"HTTP {status}", "", {})


@pytest.mark.parametrize("body", [b"", b"garbage", b"null", b"[]"])
def test_a_gateway_that_keeps_failing_is_named_by_its_status(
    body: bytes, api: JsonService, loopback: LoopbackApi
) -> None:
    loopback.script(HttpResponse(502, body), HttpResponse(502, body))
    assert _refusal(api).code == "HTTP 502"
