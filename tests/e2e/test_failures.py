"""What a client and a person on call see when AWS does not do its part."""

import json
from typing import TYPE_CHECKING

import pytest

from tests.kit.peer import peer, publication, unique
from tests.kit.settings import setting
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient


def test_a_failing_aws_call_is_a_retryable_error_without_internals(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    function = stage.outputs["PublishFunctionName"]
    with peer(stage.url) as backend:
        with setting(functions, function, LEDGER_TABLE="no-such-table"):
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
        assert backend.nothing_waits()


def test_a_failing_aws_call_is_logged_once_with_its_cause(
    stage: LocalStage, functions: "LambdaClient", logs: "CloudWatchLogsClient"
) -> None:
    # By direct invocation: the local AWS keeps no log of what comes over a WebSocket.
    function = stage.outputs["PublishFunctionName"]
    group = functions.get_function_configuration(FunctionName=function)["LoggingConfig"]["LogGroup"]
    payload = json.dumps(publication(unique("shop"), "r", message="not for the log"))
    with setting(functions, function, LEDGER_TABLE="no-such-table"):
        frame = json.load(functions.invoke(FunctionName=function, Payload=payload)["Payload"])
    assert frame["code"] == "internal_error"
    events = logs.filter_log_events(logGroupName=group)["events"]
    lines = [event["message"] for event in events if frame["request_id"] in event["message"]]
    (cause,) = (line for line in lines if "ResourceNotFoundException" in line)
    assert json.loads(cause)["request_id"] == frame["request_id"]
    assert not any("not for the log" in line for line in lines)


def test_a_missing_setting_stops_the_function_with_its_name(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    function = stage.outputs["PublishFunctionName"]
    with setting(functions, function, RETENTION_SECONDS=""):
        answer = functions.invoke(FunctionName=function, Payload=b"{}")
    assert "FunctionError" in answer
    assert "RETENTION_SECONDS" in answer["Payload"].read().decode()


def test_a_direct_invocation_publishes_and_returns_the_receipt(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    merchant = unique("shop")
    function = stage.outputs["PublishFunctionName"]
    with peer(stage.url) as browser:
        browser.subscribe(merchant, "r")
        payload = json.dumps(publication(merchant, "r", id="once"))
        answer = functions.invoke(FunctionName=function, Payload=payload)
        receipt = json.load(answer["Payload"])
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
def test_a_direct_invocation_of_anything_else_is_refused(
    stage: LocalStage, functions: "LambdaClient", payload: object, code: str
) -> None:
    function = stage.outputs["PublishFunctionName"]
    answer = functions.invoke(FunctionName=function, Payload=json.dumps(payload))
    frame = json.load(answer["Payload"])
    assert (frame["type"], frame["code"]) == ("error", code)
