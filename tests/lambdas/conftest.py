"""The handler layer over moto's DynamoDB and a fake `@connections`, at a time that stands still."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from lambdas.layer import post
from lambdas.layer import sender as sender_module
from lambdas.layer.aws import batches, retries
from lambdas.layer.aws.boto3_clients import Boto3DynamoDb
from lambdas.layer.aws.dynamodb import DynamoDb
from lambdas.layer.handler import Handler
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage
from tests.fakes import FakeApi, FakeClock, FakeTime, Journal, LongestPauses, TappedDynamo
from tests.lambdas.functions import DEFAULT_SETTINGS, Function, set_up
from tests.lambdas.loopback import LoopbackApi
from tests.lambdas.tables import RETENTION, Tables, create_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# Building a client takes longer than most tests: one a module, and new tables for each test.
@pytest.fixture(scope="module")
def moto_dynamo() -> Iterator["DynamoDBClient"]:
    with mock_aws():
        yield boto3.client("dynamodb", region_name="eu-west-1")


@pytest.fixture(scope="module")
def moto_client(moto_dynamo: "DynamoDBClient") -> Boto3DynamoDb:
    return Boto3DynamoDb(moto_dynamo)


@pytest.fixture
def tables(moto_dynamo: "DynamoDBClient") -> Tables:
    return create_tables(moto_dynamo, uuid4().hex)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal() -> Journal:
    return []


@pytest.fixture
def dynamo(moto_client: Boto3DynamoDb, journal: Journal) -> TappedDynamo:
    return TappedDynamo(moto_client, journal)


@pytest.fixture
def api(journal: Journal) -> FakeApi:
    return FakeApi(journal)


@pytest.fixture
def storage(tables: Tables, dynamo: TappedDynamo, clock: FakeClock) -> Storage:
    return Storage(
        dynamo,
        connections=tables.connections,
        ledger=tables.ledger,
        retention=RETENTION,
        clock=clock,
    )


@pytest.fixture
def sender(api: FakeApi, clock: FakeClock) -> Sender:
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
    tables: Tables,
    moto_client: Boto3DynamoDb,
    loopback: LoopbackApi,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.MonkeyPatch:
    values = [tables.connections, tables.ledger, "3600", loopback.endpoint, "off"]
    set_up(monkeypatch, dict(zip(DEFAULT_SETTINGS, values, strict=True)))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    # moto answers boto3's clients alone; DynamoDb does the same (aws/test_contract.py).
    monkeypatch.setattr(DynamoDb, "from_env", lambda: moto_client)
    return monkeypatch


@pytest.fixture
def default(settings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Function:
    del settings
    return Function("default", capsys)
