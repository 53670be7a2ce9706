"""`$connect`: the function as API Gateway calls it."""

import json

import pytest

from lambdas.layer.settings import MissingSettingError
from tests.kit.events import captured
from tests.kit.functions import Function, import_anew, set_up

PAGE = "https://pay.example.com"


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Function:
    set_up(monkeypatch, {"ALLOWED_ORIGINS": f"{PAGE},https://shop.example.com"})
    return Function("connect", capsys)


@pytest.mark.parametrize("event", ["connect", "connect_browser"])
def test_a_client_without_an_origin_and_a_listed_page_may_connect(
    event: str, connect: Function
) -> None:
    assert connect(captured(event)) == {"statusCode": 200}
    output = connect.output()
    assert output.text == ""  # API Gateway counts and logs it


def test_a_page_that_is_not_listed_may_not(connect: Function) -> None:
    event = captured("connect_browser")
    event["headers"]["Origin"] = "https://evil.example"
    assert connect(event) == {"statusCode": 403}
    output = connect.output()
    assert output.metrics == {"OriginsRefused": 1}
    (line,) = output.logs
    assert (line["level"], line["message"]) == ("WARNING", "origin refused")
    assert line["request_id"] == event["requestContext"]["requestId"]


def test_a_stage_that_lists_none_lets_every_page_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(monkeypatch, {"ALLOWED_ORIGINS": ""})
    event = captured("connect_browser")
    event["headers"]["Origin"] = "https://anywhere.example"
    assert Function("connect", capsys)(event) == {"statusCode": 200}


def test_a_message_that_selected_this_route_by_its_action_is_refused(connect: Function) -> None:
    event = captured("message")
    event["requestContext"]["routeKey"] = "$connect"
    event["body"] = '{"action":"$connect"}'
    response = connect(event)
    assert response["statusCode"] == 200
    reply = json.loads(response["body"])
    assert (reply["code"], reply["field"]) == ("invalid_message", "action")
    assert reply["request_id"] == event["requestContext"]["requestId"]
    assert connect.output().metrics == {"FramesRefused": 1}


def test_no_token_is_ever_written_to_the_log(connect: Function) -> None:
    event = captured("connect_browser")
    event["headers"]["Origin"] = "https://evil.example"
    connect(event)
    assert event["queryStringParameters"]["token"] not in connect.output().text


def test_a_missing_setting_fails_at_start_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, {})
    monkeypatch.delenv("ALLOWED_ORIGINS", raising=False)
    with pytest.raises(MissingSettingError, match="ALLOWED_ORIGINS"):
        import_anew("connect")
