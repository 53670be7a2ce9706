"""The four operations of DynamoDB that the service uses, with boto3's parameters and answers."""

from collections.abc import Callable
from typing import Any, Protocol, Self

from lambdas.layer.aws_json import AwsJson
from lambdas.layer.signed_http import SignedHttp

_AT_ONCE = 10


class Client(Protocol):
    """What calls DynamoDB: Dynamo, or boto3's client, which takes and answers the same."""

    @property
    def put_item(self) -> Callable[..., Any]:
        """Put one item."""

    @property
    def delete_item(self) -> Callable[..., Any]:
        """Delete one item."""

    @property
    def query(self) -> Callable[..., Any]:
        """Return one page of a query."""

    @property
    def batch_write_item(self) -> Callable[..., Any]:
        """Write up to 25 items; what was left over is in the answer."""


class Dynamo:
    """DynamoDB of one account and region; what its methods raise: AwsJson."""

    def __init__(self, api: AwsJson) -> None:
        self._api = api

    @classmethod
    def from_env(cls) -> Self:
        """Return the DynamoDB that AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL names.

        Raises what SignedHttp.from_env does.
        """
        names = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
        http = SignedHttp.from_env("dynamodb", *names, at_once=_AT_ONCE)
        return cls(AwsJson(http, "DynamoDB_20120810", "1.0"))

    def put_item(self, **parameters: Any) -> dict[str, Any]:
        """Put one item."""
        return self._api.call("PutItem", parameters)

    def delete_item(self, **parameters: Any) -> dict[str, Any]:
        """Delete one item; one that is not there is no error."""
        return self._api.call("DeleteItem", parameters)

    def query(self, **parameters: Any) -> dict[str, Any]:
        """Return one page of a query."""
        return self._api.call("Query", parameters)

    def batch_write_item(self, **parameters: Any) -> dict[str, Any]:
        """Write up to 25 items; what was left over is in the answer."""
        return self._api.call("BatchWriteItem", parameters)
