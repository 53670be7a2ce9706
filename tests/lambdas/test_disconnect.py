"""`$disconnect`: the function as API Gateway calls it."""

import json

import pytest

from lambdas.layer.aws.errors import ServiceError
from lambdas.layer.aws.json_services import DynamoDb
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from lambdas.layer.storage import Storage
from tests.kit.clock import FakeClock
from tests.kit.dynamodb import CONNECTIONS, LEDGER, FakeDynamoDb
from tests.kit.events import captured
from tests.kit.frames import TOPIC
from tests.kit.functions import STORAGE_SETTINGS, Function, import_anew, set_up


@pytest.fixture
def environment(tables: FakeDynamoDb, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    values = [CONNECTIONS, LEDGER, "3600"]
    set_up(monkeypatch, dict(zip(STORAGE_SETTINGS, values, strict=True)))
    monkeypatch.setattr(DynamoDb, "from_env", lambda: tables)
    return monkeypatch


@pytest.fixture
def disconnect(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Function:
    del environment
    return Function("disconnect", capsys)


def _subscribe(storage: Storage, clock: FakeClock, connection_id: str, *topics: Topic) -> None:
    for topic in topics:
        storage.subscribe(connection_id, topic, clock() + 3_600_000)


def test_every_subscription_of_the_connection_is_deleted_and_no_other(
    disconnect: Function, storage: Storage, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    event = captured("disconnect")
    gone = event["requestContext"]["connectionId"]
    _subscribe(storage, clock, gone, TOPIC, Topic("m", 1), Topic("m", 2))
    _subscribe(storage, clock, "another", TOPIC)

    assert disconnect(event) == {"statusCode": 200}

    assert [row["connection_id"]["S"] for row in tables.subscriptions()] == ["another"]
    assert [entry["entry"]["S"] for entry in tables.entries()] == ["subscription#another"]
    output = disconnect.output()
    (line,) = output.logs
    assert line["message"] == "disconnected"
    assert (line["subscriptions"], line["code"]) == (3, 1005)
    assert line["request_id"] == event["requestContext"]["requestId"]


def test_a_connection_without_subscriptions_is_logged_with_none(disconnect: Function) -> None:
    assert disconnect(captured("disconnect")) == {"statusCode": 200}
    assert disconnect.output().logs[0]["subscriptions"] == 0


def test_a_message_that_selects_this_route_by_its_action_deletes_nothing(
    disconnect: Function, storage: Storage, tables: FakeDynamoDb, clock: FakeClock
) -> None:
    event = captured("message")
    event["requestContext"]["routeKey"] = "$disconnect"
    event["body"] = '{"action":"$disconnect"}'
    _subscribe(storage, clock, event["requestContext"]["connectionId"], TOPIC)
    response = disconnect(event)
    assert response["statusCode"] == 200
    reply = json.loads(response["body"])
    assert (reply["code"], reply["field"]) == ("invalid_message", "action")
    assert len(tables.subscriptions()) == 1
    assert disconnect.output().metrics == {"FramesRefused": 1}


def test_a_failing_call_fails_the_invocation_so_that_it_alarms(
    disconnect: Function, tables: FakeDynamoDb
) -> None:
    tables.drop(CONNECTIONS)
    with pytest.raises(ServiceError):
        disconnect(captured("disconnect"))


@pytest.mark.parametrize("name", STORAGE_SETTINGS)
def test_a_missing_setting_fails_at_start_with_its_name(
    name: str, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv(name)
    with pytest.raises(MissingSettingError, match=name):
        import_anew("disconnect")


def test_a_wrong_setting_fails_at_start_with_its_name(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RETENTION_SECONDS", "1h")
    with pytest.raises(InvalidSettingError, match="RETENTION_SECONDS"):
        import_anew("disconnect")
