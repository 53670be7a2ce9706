"""What the service asks of AWS, whichever client makes the calls. Protocols and names, no calls."""

from typing import Any, Final, Protocol

MAX_POSTS: Final = 32
"""Posts side by side."""

ENDPOINT_SETTING: Final = "CONNECTIONS_ENDPOINT_URL"

USER_AGENT: Final = "ottu-ws-notify"
"""Names this client in AWS's logs, e.g. CloudTrail's `userAgent`."""


class DynamoDbClient(Protocol):
    """What calls DynamoDB: json_services.DynamoDb, or boto3_clients.Boto3DynamoDb."""

    def resolve_credentials(self) -> None:
        """Find credentials, so that the next call need not wait for them."""

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the result of an operation, e.g. `PutItem`; both it and its parameters as boto3's.

        Raises ServiceError for what DynamoDB refuses, TransportError where no response comes, each
        within limits.CALL_BUDGET.
        """


class ConnectionsClient(Protocol):
    """What posts a frame: connections_api.ConnectionsApi, or boto3_clients.Boto3ConnectionsApi."""

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:
        """Return the HTTP status that API Gateway answers.

        `timeout`, in seconds, is at most limits.ATTEMPT_TIMEOUT; boto3's client takes that always.
        Raises TransportError when no response comes.
        """
