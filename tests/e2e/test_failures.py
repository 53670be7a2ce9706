"""What a client and a person on call see when AWS does not do its part."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.peer import peer, publication, unique
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@contextmanager
def setting(functions: "LambdaClient", function: str, **changed: str) -> Iterator[None]:
    """Run with other variables in a function's environment; an empty one is taken out."""
    before = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    after = {name: value for name, value in {**before, **changed}.items() if value}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": after})
    try:
        yield
    finally:
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": before}
        )


def test_a_failing_aws_call_is_a_retryable_error_and_logged_once_with_its_cause(
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
    lines = [line for line in stage.log.read_text().splitlines() if frame["request_id"] in line]
    causes = [line for line in lines if "ResourceNotFoundException" in line]
    assert len(causes) == 1, lines


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
