"""DynamoDB and Secrets Manager over the AWS JSON protocol; a transient error is tried once more.

https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

import json
import time
from typing import Any, Self

from lambdas.layer import limits
from lambdas.layer.aws.errors import ServiceError, TransportError
from lambdas.layer.aws.retries import RETRYABLE_CODES, is_retryable, pause
from lambdas.layer.aws.service import AwsService
from lambdas.layer.aws.transport import Response

_OK = 200
_MAX_CONNECTIONS = 10
"""To DynamoDB: calls of one function that run side by side."""


class JsonService:
    """A service whose operations are named by a target prefix, e.g. `DynamoDB_20120810`."""

    def __init__(self, service: AwsService, target_prefix: str, version: str) -> None:
        """Take the version of the protocol, `1.0` or `1.1`."""
        self._service = service
        self._target_prefix = target_prefix
        self._content_type = f"application/x-amz-json-{version}"

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the result of an operation; it and the parameters are as boto3 has them.

        Takes limits.CALL_BUDGET at most. Raises ServiceError, TransportError.
        """
        body = json.dumps(parameters).encode()
        try:
            response = self._send(operation, body)
            if not _is_retryable(response):
                return _result(operation, response)
        except TransportError:
            pass
        time.sleep(pause(limits.LONGEST_PAUSE))
        return _result(operation, self._send(operation, body))

    def resolve_credentials(self) -> None:
        """Find credentials, within limits.ATTEMPT_TIMEOUT. Raises CredentialsError."""
        self._service.resolve_credentials(limits.ATTEMPT_TIMEOUT)

    def _send(self, operation: str, body: bytes) -> Response:
        headers = {
            "content-type": self._content_type,
            "x-amz-target": f"{self._target_prefix}.{operation}",
        }
        return self._service.post("/", body, headers, limits.ATTEMPT_TIMEOUT)


class DynamoDb(JsonService):
    """DynamoDB of one account and region; see clients.DynamoDbClient."""

    @classmethod
    def from_env(cls) -> Self:
        """Return the DynamoDB at AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL.

        Raises MissingSettingError, InvalidSettingError.
        """
        names = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
        return cls(AwsService.from_env("dynamodb", *names, max_connections=_MAX_CONNECTIONS))

    def __init__(self, service: AwsService) -> None:
        super().__init__(service, "DynamoDB_20120810", "1.0")


class SecretsManager(JsonService):
    """Secrets Manager of one account and region."""

    @classmethod
    def from_env(cls) -> Self:
        """Return the service at AWS_ENDPOINT_URL_SECRETS_MANAGER or AWS_ENDPOINT_URL.

        Raises MissingSettingError, InvalidSettingError.
        """
        names = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL")
        return cls(AwsService.from_env("secretsmanager", *names, max_connections=1))

    def __init__(self, service: AwsService) -> None:
        super().__init__(service, "secretsmanager", "1.1")

    def get_secret_text(self, secret_id: str) -> str:
        """Return the text of a secret's current version.

        Raises ServiceError, TransportError; KeyError for a secret that holds bytes.
        """
        return str(self.call("GetSecretValue", SecretId=secret_id)["SecretString"])


def _is_retryable(response: Response) -> bool:
    if response.status == _OK:
        return False
    return is_retryable(response.status) or _error(response)[0] in RETRYABLE_CODES


def _result(operation: str, response: Response) -> dict[str, Any]:
    if response.status != _OK:
        raise ServiceError(operation, *_error(response))
    result = _object(response.body)
    if result is None:
        raise TransportError("the response is not a JSON object")
    return result


def _error(response: Response) -> tuple[str, str, dict[str, Any]]:
    """Return code, message and body of an error response."""
    body = _object(response.body)
    if body is None or "__type" not in body:
        return f"HTTP {response.status}", "", {}
    code = str(body["__type"]).rpartition("#")[2]
    return code, str(body.get("message", body.get("Message", ""))), body  # services differ in it


def _object(body: bytes) -> dict[str, Any] | None:
    # Empty where a response was cut off, too: the runtime drops a body that has no length.
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
