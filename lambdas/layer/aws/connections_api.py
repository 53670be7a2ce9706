"""Posting one frame to one connection through API Gateway's `@connections`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from typing import Final, Protocol, Self
from urllib.parse import quote

from lambdas.layer.aws.service import AwsService

MAX_POSTS: Final = 32
"""Posts side by side."""

ENDPOINT_SETTING: Final = "CONNECTIONS_ENDPOINT_URL"


class ConnectionsClient(Protocol):
    """What posts a frame: ConnectionsApi below, or boto3's client in boto3_clients."""

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:
        """Return the HTTP status that API Gateway answers.

        `timeout`, in seconds, is at most limits.ATTEMPT_TIMEOUT; boto3's client takes that always.
        Raises TransportError when no response comes.
        """


class ConnectionsApi:
    """The `@connections` of one stage; see ConnectionsClient."""

    def __init__(self, service: AwsService) -> None:
        """Take the service at the stage's address, e.g. https://….amazonaws.com/prod."""
        self._service = service

    @classmethod
    def from_env(cls) -> Self:
        """Return the API that ENDPOINT_SETTING names.

        Raises MissingSettingError, InvalidSettingError.
        """
        return cls(AwsService.from_env("execute-api", ENDPOINT_SETTING, max_connections=MAX_POSTS))

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:
        """Return the HTTP status; `timeout` is for all of the request. Raises TransportError."""
        resource = f"/@connections/{quote(connection_id, safe='')}"
        return self._service.post(resource, data, {}, timeout).status
