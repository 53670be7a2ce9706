"""The handler layer over models of DynamoDB and `@connections`, at a time that stands still."""

from collections.abc import Iterator

import pytest

from lambdas.layer import post
from lambdas.layer import sender as sender_module
from lambdas.layer.aws import batches, retries
from lambdas.layer.aws.json_services import DynamoDb
from lambdas.layer.handler import Handler
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage
from tests.kit.clock import FakeClock, FakeTime, LongestPauses
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import (
    CONNECTIONS,
    LEDGER,
    RETENTION,
    FakeDynamoDb,
    Journal,
    JournaledDynamoDb,
)
from tests.kit.functions import DEFAULT_SETTINGS, Function, set_up
from tests.kit.loopback import LoopbackApi


@pytest.fixture
def tables() -> FakeDynamoDb:
    return FakeDynamoDb()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal() -> Journal:
    return []


@pytest.fixture
def dynamo(tables: FakeDynamoDb, journal: Journal) -> JournaledDynamoDb:
    return JournaledDynamoDb(tables, journal)


@pytest.fixture
def api(journal: Journal) -> FakeConnections:
    return FakeConnections(journal)


@pytest.fixture
def storage(dynamo: JournaledDynamoDb, clock: FakeClock) -> Storage:
    return Storage(
        dynamo,
        connections=CONNECTIONS,
        ledger=LEDGER,
        retention=RETENTION,
        clock=clock,
    )


@pytest.fixture
def sender(api: FakeConnections, clock: FakeClock) -> Sender:
    return Sender(api, clock=clock)


@pytest.fixture
def handler(storage: Storage, sender: Sender, clock: FakeClock) -> Handler:
    return Handler(storage, sender, clock=clock)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """A time for the pauses of the sender and of batches; every pause is as long as it may be."""
    time = FakeTime()
    for module in (sender_module, post, batches):
        monkeypatch.setattr(module, "time", time)
    monkeypatch.setattr(retries, "random", LongestPauses)
    return time


@pytest.fixture
def loopback() -> Iterator[LoopbackApi]:
    with LoopbackApi() as loopback:
        yield loopback


@pytest.fixture
def settings(
    tables: FakeDynamoDb,
    loopback: LoopbackApi,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.MonkeyPatch:
    values = [CONNECTIONS, LEDGER, "3600", loopback.endpoint, "off", ""]
    set_up(monkeypatch, dict(zip(DEFAULT_SETTINGS, values, strict=True)))
    monkeypatch.setattr(DynamoDb, "from_env", lambda: tables)
    return monkeypatch


@pytest.fixture
def default(settings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Function:
    del settings
    return Function("default", capsys)
