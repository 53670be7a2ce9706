"""A plain HTTP client for the tests: one request, and its answer as a value."""

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

JSON: Final = {"Content-Type": "application/json"}
_TIMEOUT: Final = 60.0
"""Seconds; more than API Gateway waits for a function."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `headers` by their lower-case names."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """What the text holds."""
        body: dict[str, Any] = json.loads(self.text)
        return body


def ask(
    base: str,
    path: str,
    body: Any,
    headers: Mapping[str, str] = JSON,
    method: str = "POST",
) -> Answer:
    """Send one request to a path below an address; a body that is not bytes is sent as JSON."""
    address = urlsplit(base)
    assert address.hostname is not None
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    with closing(
        http.client.HTTPConnection(address.hostname, address.port, timeout=_TIMEOUT)
    ) as connection:
        connection.request(method, address.path + path, sent, dict(headers))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read().decode())


def bearer(token: str) -> dict[str, str]:
    """Return the headers of a request with a token."""
    return {**JSON, "Authorization": f"Bearer {token}"}
