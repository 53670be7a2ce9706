"""Posting one frame to one connection through API Gateway's `@connections`."""

from typing import Self
from urllib.parse import quote

from lambdas.layer.signed_http import SignedHttp

POSTS_AT_ONCE = 32


class ConnectionsApi:
    """The `@connections` of one stage."""

    def __init__(self, http: SignedHttp) -> None:
        """Take the service at the stage's address, e.g. https://….amazonaws.com/prod."""
        self._http = http

    @classmethod
    def from_env(cls) -> Self:
        """Return the API at CONNECTIONS_ENDPOINT_URL. Raises what SignedHttp.from_env does.

        Not boto3's own name for it: that would redirect the other clients of a caller's process.
        """
        name = "CONNECTIONS_ENDPOINT_URL"
        return cls(SignedHttp.from_env("execute-api", name, at_once=POSTS_AT_ONCE))

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:
        """Return the HTTP status that API Gateway answers; `timeout` is in seconds.

        Raises NoAnswerError when no answer comes.
        """
        resource = f"/@connections/{quote(connection_id, safe='')}"
        return self._http.post(resource, data, {}, timeout).status
