"""Calling AWS services that speak JSON, against a real HTTP server on this machine."""

import traceback
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from lambdas.layer import aws_json
from lambdas.layer.aws_json import AwsJson
from lambdas.layer.http1 import NoAnswerError
from lambdas.layer.signed_http import SignedHttp
from tests.fakes import FakeTime, LongestPauses
from tests.lambdas.loopback import HttpAnswer, LoopbackApi, Said

PARAMETERS = {"TableName": "ledger", "Key": {"ref": {"S": "é💳"}}}
PASSING: list[Any] = [
    500,
    Said(500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}),
    502,
    Said(503, b"<html>Service Unavailable</html>"),
    504,
    Said(400, {"__type": "com.amazonaws.dynamodb#ProvisionedThroughputExceededException"}),
    Said(400, {"__type": "com.amazon.coral.availability#ThrottlingException"}),
    Said(400, {"__type": "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded"}),
    "reset",
    Said(200, b"<html>canary</html>"),
    Said(200, b'["canary"]'),
]
REFUSED: list[Said] = [
    Said(400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "because"})
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
    monkeypatch.setattr(aws_json, "time", time)
    monkeypatch.setattr(aws_json, "random", LongestPauses)
    return time


@pytest.fixture
def api(loopback: LoopbackApi, waits: FakeTime) -> AwsJson:
    del waits
    credentials = Credentials("AKIDEXAMPLE", "a secret")
    http = SignedHttp(loopback.endpoint, "dynamodb", credentials, "eu-west-1", at_once=1)
    return AwsJson(http, "DynamoDB_20120810", "1.0")


def _refusal(api: AwsJson) -> Any:
    with pytest.raises(ClientError) as refused:
        api.call("PutItem", PARAMETERS)
    assert refused.value.operation_name == "PutItem"
    return refused.value.response


def test_an_answer_is_returned_as_it_was_said(api: AwsJson, loopback: LoopbackApi) -> None:
    said = {"Items": [{"n": {"N": "1"}, "s": {"S": "é💳\n"}}], "Count": 1, "LastEvaluatedKey": {}}
    loopback.script(Said(200, said), Said(200, {}))
    assert api.call("Query", PARAMETERS) == said
    assert api.call("PutItem", PARAMETERS) == {}


@pytest.mark.parametrize("passing", PASSING)
def test_what_may_pass_is_tried_once_more(
    passing: HttpAnswer, api: AwsJson, loopback: LoopbackApi, waits: FakeTime
) -> None:
    loopback.script(passing, Said(200, {"Count": 7}))
    assert api.call("Query", PARAMETERS) == {"Count": 7}
    first, second = loopback.requests
    assert first.body == second.body
    assert first.headers["x-amz-target"] == second.headers["x-amz-target"]
    assert waits.slept == [1.0]


@pytest.mark.parametrize("passing", PASSING)
def test_what_does_not_pass_is_raised_after_two_attempts(
    passing: HttpAnswer, api: AwsJson, loopback: LoopbackApi, waits: FakeTime
) -> None:
    loopback.script(*[passing] * 3)
    unanswered = passing == "reset" or (isinstance(passing, Said) and passing.status == 200)
    with pytest.raises(NoAnswerError if unanswered else ClientError) as failed:
        api.call("Query", PARAMETERS)
    assert "canary" not in "".join(traceback.format_exception(failed.value))
    assert len(loopback.requests) == 2
    assert waits.slept == [1.0]


def test_no_answer_in_time_is_tried_once_more_and_then_raised(
    api: AwsJson, loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_json, "_ATTEMPT_FOR", 0.1)
    loopback.script("hang", "hang")
    with pytest.raises(NoAnswerError):
        api.call("Query", PARAMETERS)
    assert len(loopback.requests) == 2


def test_nobody_listening_is_raised(waits: FakeTime) -> None:
    with LoopbackApi() as gone:
        endpoint = gone.endpoint
    http = SignedHttp(endpoint, "dynamodb", Credentials("a", "b"), "eu-west-1", at_once=1)
    with pytest.raises(NoAnswerError):
        AwsJson(http, "DynamoDB_20120810", "1.0").call("Query", PARAMETERS)
    assert waits.slept == [1.0]


def test_the_second_attempt_may_be_refused_for_another_reason(
    api: AwsJson, loopback: LoopbackApi
) -> None:
    loopback.script("reset", REFUSED[0])
    assert _refusal(api)["Error"]["Code"] == "ConditionalCheckFailedException"


@pytest.mark.parametrize("refused", REFUSED)
def test_what_would_not_pass_is_raised_at_once(
    refused: Said, api: AwsJson, loopback: LoopbackApi, waits: FakeTime
) -> None:
    loopback.script(refused)
    assert isinstance(refused.body, dict)
    code = refused.body["__type"].rpartition("#")[2]
    assert _refusal(api)["Error"] == {"Code": code, "Message": "because"}
    assert len(loopback.requests) == 1
    assert waits.slept == []


def test_a_failed_condition_shows_the_item_that_was_there(
    api: AwsJson, loopback: LoopbackApi
) -> None:
    item = {"line": {"S": "said#r1"}, "write": {"S": "abc"}}
    loopback.script(Said(400, {"__type": "a#ConditionalCheckFailedException", "Item": item}))
    response = _refusal(api)
    assert response["Item"] == item
    assert response["Error"] == {"Code": "ConditionalCheckFailedException", "Message": ""}


def test_a_code_may_come_without_a_namespace(api: AwsJson, loopback: LoopbackApi) -> None:
    loopback.script(Said(400, {"__type": "ResourceNotFoundException", "Message": "no secret"}))
    error = _refusal(api)["Error"]
    assert error == {"Code": "ResourceNotFoundException", "Message": "no secret"}


@pytest.mark.parametrize(
    "body", [b"", b"garbage", b"<html>", b"\xff\xfe", b"null", b"7", b'"x"', b"[]", b"{}", b"{"]
)
@pytest.mark.parametrize("status", [302, 400, 403, 404, 413])
def test_an_error_that_is_no_answer_of_the_service_is_named_by_its_status(
    status: int, body: bytes, api: AwsJson, loopback: LoopbackApi
) -> None:
    loopback.script(Said(status, body))
    assert _refusal(api) == {"Error": {"Code": f"HTTP {status}", "Message": ""}}


@pytest.mark.parametrize("body", [b"", b"garbage", b"null", b"[]"])
def test_a_gateway_that_keeps_failing_is_named_by_its_status(
    body: bytes, api: AwsJson, loopback: LoopbackApi
) -> None:
    loopback.script(Said(502, body), Said(502, body))
    assert _refusal(api)["Error"]["Code"] == "HTTP 502"


def test_a_call_cannot_outlast_the_overlap_of_a_replay() -> None:
    attempt = aws_json._ATTEMPT_FOR  # noqa: SLF001 - what is promised of it
    assert 2 * attempt + aws_json._LONGEST_PAUSE <= 3  # noqa: SLF001
