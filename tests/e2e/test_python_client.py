"""Both Python clients, and the publisher without a socket, against the deployed stage."""

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.python.kit.clients import KINDS, AnyClient, Connect, connecting
from tests.kit.peer import unique
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


def test_what_is_published_to_several_refs_is_heard_with_every_field(
    stage: LocalStage, connect: Connect
) -> None:
    shop, client = unique("shop"), connect(stage.url)
    subscription = client.subscribe(shop, "12303", 7)
    assert subscription.ready()
    sent = {"status": "failed", "amount": "10.100", "lines": [1, None, {"é": "\N{GRINNING FACE}"}]}
    receipt = client.publish(merchant_id=shop, ref="12303", **FIELDS, **sent)
    assert (receipt.accepted, receipt.gone, receipt.failed) == (1, 0, 0)
    assert client.publish(merchant_id=shop, ref=7, **FIELDS).accepted == 1
    first, second = next(subscription), next(subscription)
    expected = {"client": "backend", "merchant_id": shop, "ref": "12303", **FIELDS, **sent}
    assert dict(first.data) == {**expected, "id": receipt.id, "sent_at": receipt.sent_at}
    assert (first.status, second.status, second.ref) == ("failed", "done", 7)


def test_who_comes_late_hears_what_was_said_before(stage: LocalStage, connect: Connect) -> None:
    shop, client = unique("shop"), connect(stage.url)
    ids = [client.publish(merchant_id=shop, ref="1", **FIELDS).id for _ in range(3)]
    subscription = client.subscribe(shop, "1")
    assert [next(subscription).id for _ in ids] == ids


def test_what_is_published_again_is_stored_and_heard_once(
    stage: LocalStage, connect: Connect
) -> None:
    shop, client = unique("shop"), connect(stage.url)
    subscription = client.subscribe(shop, "1")
    assert subscription.ready()
    first, again = (client.publish(merchant_id=shop, ref="1", id="n-1", **FIELDS) for _ in range(2))
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.sent_at == again.sent_at
    client.publish(merchant_id=shop, ref="1", id="n-2", **FIELDS)
    assert [next(subscription).id, next(subscription).id] == ["n-1", "n-2"]


def test_a_connection_that_was_deleted_is_followed_by_one_that_misses_nothing(
    stage: LocalStage,
    connect: Connect,
    dynamodb: "DynamoDBClient",
    connections: "ApiGatewayManagementApiClient",
) -> None:
    shop, client = unique("shop"), connect(stage.url)
    subscription = client.subscribe(shop, "1")
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


def test_a_refusal_names_the_field_and_the_request(stage: LocalStage, connect: Connect) -> None:
    client = connect(stage.url)
    subscription = client.subscribe("no#merchant", "1")
    for use in (
        lambda: client.publish(merchant_id="no#merchant", ref="1", **FIELDS),
        lambda: next(subscription),
    ):
        with pytest.raises(RefusedError) as raised:
            use()
        assert (raised.value.code, raised.value.field) == ("invalid_message", "merchant_id")
        assert raised.value.request_id
        assert not raised.value.retryable


@pytest.fixture
def mint(guarded: LocalStage) -> Callable[..., str]:
    """Return what mints tokens as a backend does: with the stage's key."""
    ((kid, key),) = guarded.keys().items()

    def minted(client: Any, merchant_id: str, **more: Any) -> str:
        return mint_token(key, kid, client=client, merchant_id=merchant_id, **more)

    return minted


def test_minted_tokens_open_a_stage_that_asks_for_them(
    guarded: LocalStage, connect: Connect, mint: Callable[..., str]
) -> None:
    shop = unique("shop")
    listener = connect(guarded.url, token=mint("frontend", shop, ref=["1", "2"], lifetime=60))
    subscription = listener.subscribe(shop, "1", "2")
    assert subscription.ready()
    backend = connect(guarded.url, token=lambda: mint("backend", shop))
    assert backend.publish(merchant_id=shop, ref="2", **FIELDS).accepted == 1
    assert next(subscription).ref == "2"


def test_a_token_allows_what_it_says_and_no_more(
    guarded: LocalStage, connect: Connect, mint: Callable[..., str]
) -> None:
    shop = unique("shop")
    backend = connect(guarded.url, token=mint("backend", shop, ref="1"))
    for changed in ({"merchant_id": unique("shop")}, {"ref": "2"}):
        with pytest.raises(RefusedError, match="forbidden"):
            backend.publish(**{"merchant_id": shop, "ref": "1", **FIELDS, **changed})
    subscription = backend.subscribe(shop, "1")
    with pytest.raises(RefusedError, match="forbidden"):
        next(subscription)


def test_a_function_is_asked_again_after_a_token_that_is_refused(
    guarded: LocalStage, connect: Connect, mint: Callable[..., str]
) -> None:
    shop = unique("shop")
    tokens = chain(["of.no.use"], repeat(mint("backend", shop)))
    backend = connect(guarded.url, token=lambda: next(tokens))
    assert backend.publish(merchant_id=shop, ref="1", **FIELDS).accepted == 0


def test_without_a_token_nothing_is_published(guarded: LocalStage, connect: Connect) -> None:
    with pytest.raises(DeadlineError, match="The service refused the connection with HTTP"):
        # Long enough for the first refusal, even of an authorizer that starts anew.
        connect(guarded.url).publish(merchant_id="shop", ref="1", deadline=5, **FIELDS)


def test_the_function_publishes_without_a_socket(
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
    heard = next(subscription)
    assert (heard.id, heard.data["amount"]) == ("n-1", "10.100")
    with pytest.raises(RefusedError) as raised:
        publisher.publish(merchant_id=shop, ref="", **FIELDS)
    assert (raised.value.code, raised.value.field) == ("invalid_message", "ref")


def test_a_function_that_there_is_not_is_said(functions: "LambdaClient") -> None:
    publisher = LambdaPublisher("no-such-function", client=functions)
    with pytest.raises(RefusedError, match="ResourceNotFoundException"):
        publisher.publish(merchant_id="shop", ref="1", **FIELDS)


def test_where_tokens_are_asked_for_the_function_needs_none(
    guarded: LocalStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in guarded.environment.items():
        monkeypatch.setenv(name, value)
    publisher = LambdaPublisher(guarded.outputs["PublishFunctionName"])
    assert publisher.publish(merchant_id=unique("shop"), ref="1", **FIELDS).accepted == 0
