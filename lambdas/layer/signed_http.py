"""POSTs to an AWS service, signed, over kept connections.

boto3's clients do the same and much more: with them a function takes longer to start than with
what is here, and each call costs more processor time. What that is worth, docs/benchmark.md shows.
"""

from typing import Self
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError, NoRegionError
from botocore.session import Session

from lambdas.layer import settings
from lambdas.layer.http1 import Answer, Http1
from lambdas.layer.sigv4 import SigV4


class SignedHttp:
    """One service at one `endpoint`, e.g. https://dynamodb.eu-west-1.amazonaws.com."""

    def __init__(
        self, endpoint: str, service: str, credentials: Credentials, region: str, *, at_once: int
    ) -> None:
        """Take SigV4's name of the service, and how many requests go out side by side."""
        address = urlsplit(endpoint)
        self._path = address.path
        self._credentials = credentials
        self._signer = SigV4(address.netloc, service, region)
        self._http = Http1(endpoint, at_once=at_once)

    @classmethod
    def from_env(cls, service: str, *endpoint_settings: str, at_once: int) -> Self:
        """Return the service at the first of these settings that is set.

        Credentials and region are found where boto3 finds them. Raises MissingSettingError,
        InvalidSettingError, NoRegionError, NoCredentialsError.
        """
        endpoint = settings.address(*endpoint_settings)
        session = Session()
        credentials = session.get_credentials()
        region = session.get_config_variable("region")
        if credentials is None:
            raise NoCredentialsError
        if region is None:
            raise NoRegionError
        return cls(endpoint, service, credentials, region, at_once=at_once)

    def post(self, resource: str, data: bytes, headers: dict[str, str], timeout: float) -> Answer:
        """Return the answer; `timeout` is in seconds. `resource` begins with a slash, is quoted.

        Names of `headers` are in lower case. Raises NoAnswerError.
        """
        path = self._path + resource
        # Credentials of a role change while a function lives: frozen for each request anew.
        credentials = self._credentials.get_frozen_credentials()
        signed = self._signer.headers(credentials, path, data, headers)
        return self._http.post(path, signed, data, timeout)
