"""The publishers over HTTPS with faults between them, the deployed stage and DynamoDB."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.clients.python.kit.clients import IMPATIENT, KINDS
from tests.clients.python.kit.http import Make, publishing
from tests.e2e.test_http_publisher import FIELDS, PATIENT
from tests.faults.proxied_stage import ProxiedStage, proxied
from tests.kit.peer import TIMEOUT, peer, unique
from tests.kit.proxy.faults import (
    ALWAYS,
    Delay,
    Drop,
    Fault,
    Malformed,
    Reset,
    Response,
    Rule,
    Truncate,
    dynamodb_error,
)
from tests.kit.proxy.requests import Step
from tests.kit.proxy.server import Proxy, proxy
from tools.deploy import LocalStage
from ws_notify import DeadlineError, Timeouts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    with publishing(request.param) as make:
        yield make


def entries(stage: LocalStage, dynamodb: "DynamoDBClient", shop: str) -> list[str]:
    """Return what the ledger holds of a merchant's ref 1."""
    found = dynamodb.query(
        TableName=stage.outputs["LedgerTableName"],
        KeyConditionExpression="#key = :key",
        ExpressionAttributeNames={"#key": "merchant_id#ref"},
        ExpressionAttributeValues={":key": {"S": f"{shop}#1"}},
        ConsistentRead=True,
    )
    return [item["entry"]["S"] for item in found["Items"]]


@pytest.fixture(scope="module")
def between(stage: LocalStage) -> Iterator[Proxy]:
    with proxy(stage.endpoint) as server:
        yield server


NOT_STORED: list[Fault] = [
    Reset(),
    Drop(),
    Response(500),
    Response(502, b"<html>Bad Gateway</html>"),
    Response(429, b'{"message":"Too Many Requests"}'),
]
STORED: list[Fault] = [
    Reset(forwarded=True),
    Truncate(),
    Malformed(lambda _, __: b"<html>Sign in</html>"),
    Malformed(lambda _, answer: answer, chunked=True),
]


@pytest.mark.parametrize("fault", [*NOT_STORED, *STORED], ids=repr)
def test_a_publish_with_a_fault_on_its_way_is_tried_again_and_stored_once(
    stage: LocalStage, dynamodb: "DynamoDBClient", between: Proxy, make: Make, fault: Fault
) -> None:
    shop = unique("shop")
    publisher = make(between.proxied(stage.http_url), timeouts=Timeouts(backoff=0.01))
    rule = Rule(Step.OTHER, fault, only=shop)
    with peer(stage.url) as page, between.injected(rule):
        page.subscribe(shop, "1")
        receipt = publisher.publish(merchant_id=shop, **PATIENT, id="n-1")
        heard = page.drain()
    assert rule.hits == 1
    assert (receipt.id, receipt.accepted, receipt.duplicate) == ("n-1", 1, fault in STORED)
    assert {frame["id"] for frame in heard} == {"n-1"}
    assert [each for each in entries(stage, dynamodb, shop) if "notification" in each] == [
        "notification#n-1"
    ]


@pytest.mark.parametrize("fault", [Drop(), Reset(), Response(503), Delay(0.5)], ids=repr)
def test_a_deadline_is_kept_whatever_happens_and_its_id_makes_another_try_safe(
    stage: LocalStage, dynamodb: "DynamoDBClient", between: Proxy, make: Make, fault: Fault
) -> None:
    shop = unique("shop")
    publisher = make(between.proxied(stage.http_url), timeouts=IMPATIENT)
    with between.injected(Rule(Step.OTHER, fault, ALWAYS, only=shop)):
        began = time.monotonic()
        with pytest.raises(DeadlineError) as raised:
            publisher.publish(merchant_id=shop, **FIELDS, deadline=0.4)
        assert time.monotonic() - began < TIMEOUT / 4
    receipt = make(stage.http_url).publish(merchant_id=shop, **PATIENT, id=raised.value.id)
    assert receipt.id == raised.value.id
    stored = [each for each in entries(stage, dynamodb, shop) if "notification" in each]
    assert stored == [f"notification#{receipt.id}"]


# -- faults between the function and DynamoDB


@pytest.fixture(scope="module")
def behind(stage: LocalStage) -> Iterator[ProxiedStage]:
    with proxied(stage) as proxied_stage:
        yield proxied_stage


def test_an_internal_error_is_tried_again_until_it_is_stored(
    behind: ProxiedStage, make: Make
) -> None:
    shop = unique("shop")
    publisher = make(behind.local.http_url, timeouts=Timeouts(backoff=0.01))
    put = Rule(
        Step.PUT_NOTIFICATION, dynamodb_error("InternalServerError"), times=ALWAYS, only=shop
    )
    with behind.proxy.injected(put):
        with pytest.raises(DeadlineError, match="internal_error") as raised:
            publisher.publish(merchant_id=shop, **FIELDS, deadline=8)
        assert put.hits > 1
        assert raised.value.request_id
        assert not any("notification" in each for each in behind.entries(shop))
    receipt = publisher.publish(merchant_id=shop, **PATIENT, id=raised.value.id)
    assert not receipt.duplicate
