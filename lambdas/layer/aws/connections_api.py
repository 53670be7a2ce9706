"""Posting one frame to one connection through API Gateway's `@connections`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from typing import Self
from urllib.parse import quote

from lambdas.layer.aws.clients import ENDPOINT_SETTING, MAX_POSTS
from lambdas.layer.aws.service import AwsService


class ConnectionsApi:
    """The `@connections` of one stage; see clients.ConnectionsClient."""

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
