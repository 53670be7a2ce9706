"""Failing AWS calls as a client and an operator see them, and direct invocations."""

import json
from typing import TYPE_CHECKING

import pytest

from tests.kit.deployed import changed_environment
from tests.kit.peer import peer, publication, unique
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient


def test_a_failing_aws_call_is_a_retryable_error_without_internals(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    function = stage.outputs["PublishFunctionName"]
    with peer(stage.url) as backend:
        with changed_environment(functions, function, LEDGER_TABLE="no-such-table"):
            frame = backend.ask(publication(unique("shop"), "r"))
        assert frame == {
            "client": "server",
            "type": "error",
            "code": "internal_error",
            "message": frame["message"],
            "retryable": True,
            "request_id": frame["request_id"],
        }
        assert "no-such-table" not in frame["message"]
        assert backend.drain() == []


def test_a_failing_aws_call_is_logged_once_with_its_cause_and_request_id(
    stage: LocalStage, functions: "LambdaClient", logs: "CloudWatchLogsClient"
) -> None:
    # By direct invocation: the local AWS keeps no log of what comes over a WebSocket.
    function = stage.outputs["PublishFunctionName"]
    group = functions.get_function_configuration(FunctionName=function)["LoggingConfig"]["LogGroup"]
    payload = json.dumps(publication(unique("shop"), "r", message="not for the log"))
    with changed_environment(functions, function, LEDGER_TABLE="no-such-table"):
        frame = json.load(functions.invoke(FunctionName=function, Payload=payload)["Payload"])
    assert frame["code"] == "internal_error"
    events = logs.filter_log_events(logGroupName=group)["events"]
    lines = [event["message"] for event in events if frame["request_id"] in event["message"]]
    (cause,) = (line for line in lines if "ResourceNotFoundException" in line)
    assert json.loads(cause)["request_id"] == frame["request_id"]
    assert not any("not for the log" in line for line in lines)


def test_a_function_without_a_required_variable_fails_with_its_name(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    function = stage.outputs["PublishFunctionName"]
    with changed_environment(functions, function, RETENTION_SECONDS=""):
        response = functions.invoke(FunctionName=function, Payload=b"{}")
    assert "FunctionError" in response
    assert "RETENTION_SECONDS" in response["Payload"].read().decode()


def test_a_direct_invocation_publishes_and_returns_the_receipt(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    merchant = unique("shop")
    function = stage.outputs["PublishFunctionName"]
    with peer(stage.url) as browser:
        browser.subscribe(merchant, "r")
        payload = json.dumps(publication(merchant, "r", id="once"))
        response = functions.invoke(FunctionName=function, Payload=payload)
        receipt = json.load(response["Payload"])
        assert (receipt["type"], receipt["id"], receipt["accepted"]) == ("receipt", "once", 1)
        assert browser.receive()["id"] == "once"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ([], "invalid_json"),
        ("text", "invalid_json"),
        ({}, "invalid_message"),
        ({"client": "frontend", "merchant_id": "m", "ref": "r"}, "invalid_message"),
        ({"action": "unsubscribe", "merchant_id": "m", "ref": "r"}, "invalid_message"),
        (publication("m", "r", x=float("nan")), "invalid_json"),
    ],
)
def test_a_direct_invocation_without_a_valid_publish_is_rejected(
    stage: LocalStage, functions: "LambdaClient", payload: object, code: str
) -> None:
    function = stage.outputs["PublishFunctionName"]
    response = functions.invoke(FunctionName=function, Payload=json.dumps(payload))
    frame = json.load(response["Payload"])
    assert (frame["type"], frame["code"]) == ("error", code)
