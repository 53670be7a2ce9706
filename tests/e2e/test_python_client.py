"""The Python clients and `LambdaPublisher` against the deployed stage."""

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.python.kit.clients import KINDS, AnyClient, Connect, connecting
from tests.kit.peer import TIMEOUT, unique
from tools.deploy import LocalStage
from ws_notify import DeadlineError, LambdaPublisher, RefusedError, mint_token

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

FIELDS: dict[str, Any] = {"project": "checkout", "type": "payment", "message": "paid"}


@pytest.fixture(params=KINDS)
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    with connecting(request.param) as client:
        yield client


def test_a_subscription_to_several_refs_gets_notifications_with_every_field(
    stage: LocalStage, connect: Connect
) -> None:
    shop, client = unique("shop"), connect(stage.url)
    subscription = client.subscribe(shop, "12303", 7, timeout=TIMEOUT)
    assert subscription.ready()
    sent = {"status": "failed", "amount": "10.100", "lines": [1, None, {"é": "\N{GRINNING FACE}"}]}
    receipt = client.publish(merchant_id=shop, ref="12303", **FIELDS, **sent)
    assert (receipt.accepted, receipt.gone, receipt.failed) == (1, 0, 0)
    assert client.publish(merchant_id=shop, ref=7, **FIELDS).accepted == 1
    first, second = next(subscription), next(subscription)
    expected = {"client": "backend", "merchant_id": shop, "ref": "12303", **FIELDS, **sent}
    assert dict(first.data) == {**expected, "id": receipt.id, "sent_at": receipt.sent_at}
    assert (first.status, second.status, second.ref) == ("failed", "done", 7)


def test_a_late_subscription_gets_the_last_word_or_all_earlier_notifications_in_order(
    stage: LocalStage, connect: Connect
) -> None:
    shop, client = unique("shop"), connect(stage.url)
    ids = [client.publish(merchant_id=shop, ref="1", **FIELDS).id for _ in range(3)]
    last_word = client.subscribe(shop, "1", timeout=TIMEOUT)
    assert next(last_word).id == ids[-1]
    subscription = client.subscribe(shop, "1", timeout=TIMEOUT, every=True)
    assert [next(subscription).id for _ in ids] == ids


def test_a_publish_with_the_same_id_is_a_duplicate_and_received_once(
    stage: LocalStage, connect: Connect
) -> None:
    shop, client = unique("shop"), connect(stage.url)
    subscription = client.subscribe(shop, "1", timeout=TIMEOUT, every=True)
    assert subscription.ready()
    first, again = (client.publish(merchant_id=shop, ref="1", id="n-1", **FIELDS) for _ in range(2))
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.sent_at == again.sent_at
    client.publish(merchant_id=shop, ref="1", id="n-2", **FIELDS)
    assert [next(subscription).id, next(subscription).id] == ["n-1", "n-2"]


def test_a_subscription_whose_connection_was_deleted_misses_nothing(
    stage: LocalStage,
    connect: Connect,
    dynamodb: "DynamoDBClient",
    connections: "ApiGatewayManagementApiClient",
) -> None:
    shop, client = unique("shop"), connect(stage.url)
    subscription = client.subscribe(shop, "1", timeout=TIMEOUT, every=True)
    assert subscription.ready()
    publish(client, shop, "before")
    assert next(subscription).id == "before"
    rows = dynamodb.scan(TableName=stage.outputs["ConnectionsTableName"])["Items"]
    (mine,) = (row for row in rows if row["merchant_id#ref"]["S"] == f"{shop}#1")
    connections.delete_connection(ConnectionId=mine["connection_id"]["S"])
    publish(client, shop, "meanwhile")
    assert next(subscription).id == "meanwhile"
    publish(client, shop, "after")
    assert next(subscription).id == "after"


def publish(client: AnyClient, shop: str, id_: str) -> None:
    client.publish(merchant_id=shop, ref="1", id=id_, **FIELDS)


@pytest.fixture
def mint(guarded: LocalStage) -> Callable[..., str]:
    """Return a function that mints tokens with the stage's key, as a backend does."""
    ((kid, key),) = guarded.keys().items()

    def minted(client: Any, merchant_id: str, **more: Any) -> str:
        return mint_token(key, kid, client=client, merchant_id=merchant_id, **more)

    return minted


def test_minted_tokens_open_connections_to_a_stage_that_requires_tokens(
    guarded: LocalStage, connect: Connect, mint: Callable[..., str]
) -> None:
    shop = unique("shop")
    listener = connect(guarded.url, token=mint("frontend", shop, ref=["1", "2"], lifetime=60))
    subscription = listener.subscribe(shop, "1", "2")
    assert subscription.ready()
    backend = connect(guarded.url, token=lambda: mint("backend", shop))
    assert backend.publish(merchant_id=shop, ref="2", **FIELDS).accepted == 1
    assert next(subscription).ref == "2"


def test_a_publish_or_subscribe_outside_the_token_raises_with_field_and_request_id(
    guarded: LocalStage, connect: Connect, mint: Callable[..., str]
) -> None:
    shop = unique("shop")
    backend = connect(guarded.url, token=mint("backend", shop, ref="1"))
    subscription = backend.subscribe(shop, "1")
    outside: dict[str, Callable[[], object]] = {
        "merchant_id": lambda: backend.publish(merchant_id=unique("shop"), ref="1", **FIELDS),
        "ref": lambda: backend.publish(merchant_id=shop, ref="2", **FIELDS),
        "client": lambda: next(subscription),
    }
    for field, use in outside.items():
        with pytest.raises(RefusedError) as raised:
            use()
        assert (raised.value.code, raised.value.field) == ("forbidden", field)
        assert raised.value.request_id
        assert not raised.value.retryable


def test_a_token_function_is_called_again_after_a_rejected_token(
    guarded: LocalStage, connect: Connect, mint: Callable[..., str]
) -> None:
    shop = unique("shop")
    tokens = chain(["not.a.token"], repeat(mint("backend", shop)))
    backend = connect(guarded.url, token=lambda: next(tokens))
    assert backend.publish(merchant_id=shop, ref="1", **FIELDS).accepted == 0


def test_a_publish_without_a_token_ends_at_its_deadline(
    guarded: LocalStage, connect: Connect
) -> None:
    with pytest.raises(DeadlineError, match="The service refused the connection with HTTP"):
        # Long enough for a first response of the authorizer, cold start included.
        connect(guarded.url).publish(merchant_id="shop", ref="1", deadline=5, **FIELDS)


def test_a_publish_by_invocation_is_delivered_once(
    stage: LocalStage, functions: "LambdaClient", connect: Connect
) -> None:
    shop = unique("shop")
    publisher = LambdaPublisher(stage.outputs["PublishFunctionName"], client=functions)
    subscription = connect(stage.url).subscribe(shop, "1")
    assert subscription.ready()
    first, again = (
        publisher.publish(merchant_id=shop, ref="1", id="n-1", amount="10.100", **FIELDS)
        for _ in range(2)
    )
    assert (first.accepted, first.duplicate, again.duplicate) == (1, False, True)
    received = next(subscription)
    assert (received.id, received.data["amount"]) == ("n-1", "10.100")
    with pytest.raises(RefusedError) as raised:
        publisher.publish(merchant_id=shop, ref="1", id="n-1", amount="9", **FIELDS)
    assert (raised.value.code, raised.value.field) == ("invalid_message", "id")


def test_a_publish_by_invocation_of_an_unknown_function_is_rejected(
    functions: "LambdaClient",
) -> None:
    publisher = LambdaPublisher("no-such-function", client=functions)
    with pytest.raises(RefusedError, match="ResourceNotFoundException"):
        publisher.publish(merchant_id="shop", ref="1", **FIELDS)


def test_a_publish_by_invocation_needs_no_token_where_tokens_are_required(
    guarded: LocalStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in guarded.environment.items():
        monkeypatch.setenv(name, value)
    publisher = LambdaPublisher(guarded.outputs["PublishFunctionName"])
    assert publisher.publish(merchant_id=unique("shop"), ref="1", **FIELDS).accepted == 0
