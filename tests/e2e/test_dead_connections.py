"""A dead connection is forgotten by the next publish, and the living get theirs.

The local AWS fires `$disconnect` however a socket dropped, which would hide a prune that does
nothing: here the route is taken away, as when a cable is pulled.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tests.kit.peer import peer, publication, unique
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_dynamodb import DynamoDBClient


@contextmanager
def without_disconnect(apis: "ApiGatewayV2Client") -> Iterator[None]:
    (api,) = apis.get_apis()["Items"]
    api_id = api["ApiId"]
    routes = apis.get_routes(ApiId=api_id)["Items"]
    (route,) = (route for route in routes if route["RouteKey"] == "$disconnect")
    apis.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    try:
        yield
    finally:
        apis.create_route(ApiId=api_id, RouteKey="$disconnect", Target=route["Target"])


def wait_until_gone(connections: "ApiGatewayManagementApiClient", connection_id: str) -> None:
    """Wait until the gateway noticed that the socket is closed."""
    with suppress(connections.exceptions.GoneException):
        while connections.get_connection(ConnectionId=connection_id):
            pass


def rows(dynamodb: "DynamoDBClient", table: str, merchant: str) -> list[dict[str, Any]]:
    """Return who waits for something of a merchant, by one of the tables."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return [
        item
        for page in pages
        for item in page["Items"]
        if item["merchant_id#ref"]["S"].startswith(f"{merchant}#")
        and not item.get("entry", {"S": ""})["S"].startswith("notification#")
    ]


def test_a_dead_connection_is_forgotten_and_the_living_get_theirs(
    stage: LocalStage,
    dynamodb: "DynamoDBClient",
    apis: "ApiGatewayV2Client",
    connections: "ApiGatewayManagementApiClient",
) -> None:
    merchant = unique("shop")
    tables = (stage.outputs["ConnectionsTableName"], stage.outputs["LedgerTableName"])
    with without_disconnect(apis), peer(stage.url) as backend, ExitStack() as peers:
        for _ in range(30):
            with peer(stage.url) as dying:
                dying.subscribe(merchant, "r")
        for row in rows(dynamodb, tables[0], merchant):
            wait_until_gone(connections, row["connection_id"]["S"])
        living = peers.enter_context(peer(stage.url))
        living.subscribe(merchant, "r")
        assert [len(rows(dynamodb, table, merchant)) for table in tables] == [31, 31]
        receipt = backend.ask(publication(merchant, "r"))
        assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (1, 30, 0)
        assert living.receive()["id"] == receipt["id"]
        assert [len(rows(dynamodb, table, merchant)) for table in tables] == [1, 1]


def test_disconnect_forgets_every_subscription_of_its_connection(
    stage: LocalStage, dynamodb: "DynamoDBClient"
) -> None:
    merchant = unique("shop")
    tables = (stage.outputs["ConnectionsTableName"], stage.outputs["LedgerTableName"])
    with peer(stage.url) as browser:
        for number in range(30):
            browser.subscribe(merchant, number)
        assert [len(rows(dynamodb, table, merchant)) for table in tables] == [30, 30]
    with peer(stage.url) as backend:
        while any(rows(dynamodb, table, merchant) for table in tables):
            backend.ask({"action": "ping"})
