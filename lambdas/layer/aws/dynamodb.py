"""The four operations of DynamoDB that the service uses, with boto3's parameters and results."""

from typing import Any, Protocol, Self

from lambdas.layer.aws.json_service import JsonService
from lambdas.layer.aws.service import AwsService

_MAX_CONNECTIONS = 10


class DynamoDbClient(Protocol):
    """What calls DynamoDB: DynamoDb below, or boto3's client in boto3_clients.

    Every method raises ServiceError for what DynamoDB refuses, TransportError where no response
    comes, each within limits.CALL_BUDGET.
    """

    def resolve_credentials(self) -> None:
        """Find credentials, so that the next call need not wait for them."""

    def put_item(self, **parameters: Any) -> dict[str, Any]:
        """Put one item."""

    def delete_item(self, **parameters: Any) -> dict[str, Any]:
        """Delete one item; one that does not exist is not an error."""

    def query(self, **parameters: Any) -> dict[str, Any]:
        """Return one page of a query."""

    def batch_write_item(self, **parameters: Any) -> dict[str, Any]:
        """Write up to 25 items; what was left over is in the result's UnprocessedItems."""


class DynamoDb:
    """DynamoDB of one account and region; see DynamoDbClient."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    @classmethod
    def from_env(cls) -> Self:
        """Return the DynamoDB at AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL.

        Raises MissingSettingError, InvalidSettingError.
        """
        names = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
        service = AwsService.from_env("dynamodb", *names, max_connections=_MAX_CONNECTIONS)
        return cls(JsonService(service, "DynamoDB_20120810", "1.0"))

    def resolve_credentials(self) -> None:
        """Find credentials, before a call has to wait for them. Raises CredentialsError."""
        self._service.resolve_credentials()

    def put_item(self, **parameters: Any) -> dict[str, Any]:
        """Put one item."""
        return self._service.call("PutItem", parameters)

    def delete_item(self, **parameters: Any) -> dict[str, Any]:
        """Delete one item; one that does not exist is not an error."""
        return self._service.call("DeleteItem", parameters)

    def query(self, **parameters: Any) -> dict[str, Any]:
        """Return one page of a query."""
        return self._service.call("Query", parameters)

    def batch_write_item(self, **parameters: Any) -> dict[str, Any]:
        """Write up to 25 items; what was left over is in the result's UnprocessedItems."""
        return self._service.call("BatchWriteItem", parameters)
