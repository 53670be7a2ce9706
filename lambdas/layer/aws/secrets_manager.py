"""The one operation of Secrets Manager that the service uses."""

from typing import Self

from lambdas.layer.aws.json_service import JsonService
from lambdas.layer.aws.service import AwsService


class SecretsManager:
    """Secrets Manager of one account and region."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    @classmethod
    def from_env(cls) -> Self:
        """Return the service at AWS_ENDPOINT_URL_SECRETS_MANAGER or AWS_ENDPOINT_URL.

        Raises MissingSettingError, InvalidSettingError.
        """
        names = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL")
        service = AwsService.from_env("secretsmanager", *names, max_connections=1)
        return cls(JsonService(service, "secretsmanager", "1.1"))

    def get_secret_text(self, secret_id: str) -> str:
        """Return the text of a secret's current version.

        Raises ServiceError, TransportError; KeyError for a secret that holds bytes.
        """
        result = self._service.call("GetSecretValue", {"SecretId": secret_id})
        return str(result["SecretString"])
