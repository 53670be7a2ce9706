"""A deployed stage whose functions reach their AWS through a proxy."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambdas.layer.items import RECENT_SUBSCRIPTION, TOPIC_KEY
from tests.kit.deployed import changed_environment, function_names, items, session
from tests.kit.proxy.server import Proxy, proxy
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient

REF = "r"
_BEHIND_THE_PROXY = ("DefaultFunction", "DisconnectFunction", "AuthorizerFunction")


@dataclass(frozen=True, slots=True)
class ProxiedStage:
    """The stage, its proxy, and clients that go around the proxy."""

    local: LocalStage
    proxy: Proxy
    dynamodb: "DynamoDBClient"
    functions: "LambdaClient"
    logs: "CloudWatchLogsClient"

    def invoke(self, function: str, event: Any) -> tuple[Any, bool]:
        """Invoke a function directly; return what it returned, and whether it failed."""
        response = self.functions.invoke(FunctionName=function, Payload=json.dumps(event))
        return json.load(response["Payload"]), "FunctionError" in response

    def log(self, function: str) -> str:
        """Return what a function logged; the local AWS keeps that of direct invocations only."""
        found = self.functions.get_function_configuration(FunctionName=function)
        pages = self.logs.get_paginator("filter_log_events")
        group = found["LoggingConfig"]["LogGroup"]
        return "\n".join(
            event["message"]
            for page in pages.paginate(logGroupName=group)
            for event in page["events"]
        )

    def entries(self, merchant: str) -> set[str]:
        """Return a merchant's entries in the ledger: `notification#...`, `subscription#...`."""
        found = self.dynamodb.query(
            TableName=self.local.outputs["LedgerTableName"],
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": TOPIC_KEY},
            ExpressionAttributeValues={":key": {"S": f"{merchant}#{REF}"}},
            ConsistentRead=True,
        )
        return {item["entry"]["S"] for item in found["Items"]}

    def items(self, merchant: str) -> list[dict[str, Any]]:
        """Return all that both tables hold of a merchant's topic."""
        found = items(self.dynamodb, self.local)
        return [item for item in found if item[TOPIC_KEY]["S"] == f"{merchant}#{REF}"]

    def recent_subscribers(self, merchant: str) -> set[str]:
        """Return the connections that recently subscribed to a merchant's topic."""
        return {
            entry.removeprefix(RECENT_SUBSCRIPTION)
            for entry in self.entries(merchant)
            if entry.startswith(RECENT_SUBSCRIPTION)
        }


@contextmanager
def proxied(stage: LocalStage) -> Iterator[ProxiedStage]:
    """Put a proxy between the functions of a stage and their AWS until the block ends."""
    aws, endpoint = session(), stage.endpoint
    functions = aws.client("lambda", endpoint_url=endpoint)
    with proxy(endpoint) as between, ExitStack() as changed:
        addresses = {
            "AWS_ENDPOINT_URL_DYNAMODB": between.address,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": between.address,
            "CONNECTIONS_ENDPOINT_URL": between.proxied(stage.outputs["ConnectionsEndpointURL"]),
        }
        for name in function_names(functions, *_BEHIND_THE_PROXY):
            changed.enter_context(changed_environment(functions, name, **addresses))
        yield ProxiedStage(
            stage,
            between,
            aws.client("dynamodb", endpoint_url=endpoint),
            functions,
            aws.client("logs", endpoint_url=endpoint),
        )
