"""The requests of the functions, classified by the step they are. Values only."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote


class Step(StrEnum):
    """What a request is for; the values are published in docs/reliability.md."""

    PUT_NOTIFICATION = "PutItem notification"
    PUT_SUBSCRIPTION = "BatchWriteItem put"
    DELETE_SUBSCRIPTIONS = "BatchWriteItem delete"
    DELETE_SUBSCRIPTION = "DeleteItem"
    QUERY_INDEX = "Query index"
    QUERY_RECENT_SUBSCRIPTIONS = "Query recent subscriptions"
    QUERY_NOTIFICATIONS = "Query notifications"
    QUERY_SUBSCRIPTIONS = "Query subscriptions"
    POST = "POST @connections"
    GET_KEYS = "GetSecretValue"
    OTHER = "other"


_BY_OPERATION = {
    "PutItem": Step.PUT_NOTIFICATION,
    "DeleteItem": Step.DELETE_SUBSCRIPTION,
    "GetSecretValue": Step.GET_KEYS,
}
_BY_VALUE_OF_QUERY = {
    ":notification": Step.QUERY_NOTIFICATIONS,
    ":subscription": Step.QUERY_RECENT_SUBSCRIPTIONS,
    ":connection_id": Step.QUERY_SUBSCRIPTIONS,
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; `target` is its X-Amz-Target."""

    path: str
    target: str
    body: bytes

    @property
    def step(self) -> Step:
        """Name what it is for."""
        if "/@connections/" in self.path:
            return Step.POST
        match self.target.rpartition(".")[2]:
            case "Query":
                return _step_of_query(self.parameters)
            case "BatchWriteItem":
                put = b'"PutRequest"' in self.body
                return Step.PUT_SUBSCRIPTION if put else Step.DELETE_SUBSCRIPTIONS
            case operation:
                return _BY_OPERATION.get(operation, Step.OTHER)

    def mentions(self, text: str) -> bool:
        """Tell whether it is about a merchant or a connection."""
        return text in unquote(self.path) or text.encode() in self.body

    @property
    def parameters(self) -> dict[str, Any]:
        """Parse the parameters of a DynamoDB operation."""
        parameters: dict[str, Any] = json.loads(self.body)
        return parameters


def _step_of_query(parameters: dict[str, Any]) -> Step:
    if "IndexName" in parameters:
        return Step.QUERY_INDEX
    values = parameters["ExpressionAttributeValues"]
    return next((step for name, step in _BY_VALUE_OF_QUERY.items() if name in values), Step.OTHER)


def split_batch(request: Request) -> tuple[Request, dict[str, Any]]:
    """Split a BatchWriteItem: a request with its first item alone, and the items left over."""
    items: dict[str, list[Any]] = request.parameters["RequestItems"]
    table, (first, *others) = next(iter(items.items()))
    left = {name: some for name, some in {**items, table: others}.items() if some}
    body = json.dumps({"RequestItems": {table: [first]}}).encode()
    return Request(request.path, request.target, body), left
