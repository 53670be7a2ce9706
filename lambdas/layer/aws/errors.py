"""What a call to AWS raises, whichever client makes it.

AwsError
├── TransportError    no response, or none that can be read: the request may have arrived
└── ServiceError      the service refused: carries `code`, `message`, `body`
"""

from typing import Any


class AwsError(Exception):
    """A call to AWS did not do what it should."""


class TransportError(AwsError):
    """No response came, or none in time; its text says what went wrong, and nothing that came."""


class ServiceError(AwsError):
    """The service answered with an error.

    `code` is its name, e.g. `ConditionalCheckFailedException`, or names the HTTP status where the
    response is not the service's own; `body` is all of the response.
    """

    def __init__(self, operation: str, code: str, message: str, body: dict[str, Any]) -> None:
        self.operation = operation
        self.code = code
        self.message = message
        self.body = body
        super().__init__(f"{operation}: {code}: {message}")
