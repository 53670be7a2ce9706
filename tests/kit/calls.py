"""The requests of the functions, told apart by what they are for. Values only."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

SAY = "PutItem said"
SUBSCRIBE = "BatchWriteItem put"
FORGET = "BatchWriteItem delete"
FORGET_ONE = "DeleteItem"
INDEX = "Query index"
JOINED = "Query joined"
SAID = "Query said"
SUBSCRIPTIONS = "Query subscriptions"
POST = "POST @connections"
KEYS = "GetSecretValue"
OTHER = "other"

_CONNECTIONS = "/@connections/"
_OF_ONE_KIND = {"PutItem": SAY, "DeleteItem": FORGET_ONE, "GetSecretValue": KEYS}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived; `target` is its X-Amz-Target."""

    path: str
    target: str
    body: bytes

    @property
    def step(self) -> str:
        """Name what it is for."""
        if _CONNECTIONS in self.path:
            return POST
        match self.target.rpartition(".")[2]:
            case "Query":
                return _query(self.parameters)
            case "BatchWriteItem":
                return SUBSCRIBE if b'"PutRequest"' in self.body else FORGET
            case operation:
                return _OF_ONE_KIND.get(operation, OTHER)

    def names(self, text: str) -> bool:
        """Tell whether it speaks of a merchant or a connection."""
        return text in unquote(self.path) or text.encode() in self.body

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what a call of DynamoDB asks for."""
        parameters: dict[str, Any] = json.loads(self.body)
        return parameters


def _query(parameters: dict[str, Any]) -> str:
    if "IndexName" in parameters:
        return INDEX
    values = parameters["ExpressionAttributeValues"]
    named = {":notification": SAID, ":subscription": JOINED, ":connection_id": SUBSCRIPTIONS}
    return next((step for name, step in named.items() if name in values), OTHER)


def first_item(call: Call) -> tuple[Call, dict[str, Any]]:
    """Split a BatchWriteItem: a call with its first item alone, and the items left over."""
    left: dict[str, Any] = {table: list(items) for table, items in _items(call).items()}
    table = next(iter(left))
    first = left[table].pop(0)
    rest = {name: items for name, items in left.items() if items}
    body = json.dumps({"RequestItems": {table: [first]}}).encode()
    return Call(call.path, call.target, body), rest


def _items(call: Call) -> dict[str, Any]:
    items: dict[str, Any] = call.parameters["RequestItems"]
    return items
