"""Abrupt disconnects without `$disconnect`, and the rows that they leave in the tables.

The local AWS invokes `$disconnect` however a connection ended, so the route is removed meanwhile.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.load.plan import Topic
from benchmarks.load.processes import TIMEOUT_SECONDS
from tests.kit.deployed import session
from tools import ToolError
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows of some connections each table holds."""

    connections: int
    ledger: int


@contextmanager
def without_disconnect(stage: LocalStage) -> Iterator[None]:
    """Run without the route `$disconnect`."""
    apis = session().client("apigatewayv2", endpoint_url=stage.endpoint)
    api_id = urlsplit(stage.url).path.split("/")[-2]
    routes = apis.get_routes(ApiId=api_id)["Items"]
    (route,) = (route for route in routes if route["RouteKey"] == "$disconnect")
    apis.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    try:
        yield
    finally:
        apis.create_route(ApiId=api_id, RouteKey="$disconnect", Target=route["Target"])


def subscribed_connections(stage: LocalStage, topics: set[Topic]) -> set[str]:
    """Return the connections that the table has for these topics."""
    keys = {f"{merchant}#{ref}" for merchant, ref in topics}
    table = stage.outputs["ConnectionsTableName"]
    return {connection for connection, key in _scan(stage, table, "connection_id") if key in keys}


def wait_until_gone(stage: LocalStage, connection_ids: set[str], count: int) -> set[str]:
    """Wait until the emulator answers 410 for so many of the connections; return these."""
    endpoint = stage.outputs["ConnectionsEndpointURL"]
    gateway = session().client("apigatewaymanagementapi", endpoint_url=endpoint)
    gone: set[str] = set()
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while len(gone) < count:
        if time.monotonic() > deadline:
            raise ToolError(
                f"{len(gone)} connections are gone after {TIMEOUT_SECONDS} s, not {count}"
            )
        gone |= {one for one in connection_ids - gone if _is_gone(gateway, one)}
    return gone


def count_rows(stage: LocalStage, connection_ids: set[str]) -> Rows:
    """Count the rows of these connections."""
    outputs = stage.outputs
    connections = _scan(stage, outputs["ConnectionsTableName"], "connection_id")
    entries = _scan(stage, outputs["LedgerTableName"], "entry")
    return Rows(
        connections=sum(one in connection_ids for one, _ in connections),
        ledger=sum(entry.removeprefix("subscription#") in connection_ids for entry, _ in entries),
    )


def _is_gone(gateway: "ApiGatewayManagementApiClient", connection_id: str) -> bool:
    try:
        gateway.get_connection(ConnectionId=connection_id)
    except gateway.exceptions.GoneException:
        return True
    return False


def _scan(stage: LocalStage, table: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield the attribute `name` and the topic's key of each row."""
    dynamodb = session().client("dynamodb", endpoint_url=stage.endpoint)
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            yield item[name]["S"], item["merchant_id#ref"]["S"]
