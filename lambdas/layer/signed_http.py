"""POSTs to an AWS service, signed, over kept connections.

botocore signs (SigV4) and finds credentials; urllib3 keeps the connections. boto3's clients do the
same and much more: with them a function takes longer to start than with what is here, and each call
costs more processor time. What that is worth, docs/benchmark.md shows.
"""

from typing import Self
from urllib.parse import urlsplit

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError, NoRegionError
from botocore.session import Session

from lambdas.layer import settings


class SignedHttp:
    """One service at one `endpoint`, e.g. https://dynamodb.eu-west-1.amazonaws.com."""

    def __init__(
        self, endpoint: str, service: str, credentials: Credentials, region: str, *, at_once: int
    ) -> None:
        """Take SigV4's name of the service, and how many requests go out side by side."""
        self._endpoint = endpoint
        self._service = service
        self._credentials = credentials
        self._region = region
        # The pool of this one host, and its name for signing, found once and not for each request.
        self._pool = urllib3.connection_from_url(endpoint, maxsize=at_once)
        address = urlsplit(endpoint)
        self._host = address.netloc
        self._path = address.path

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

    def post(
        self, resource: str, data: bytes, headers: dict[str, str], timeout: urllib3.Timeout
    ) -> urllib3.BaseHTTPResponse:
        """Return the answer, read whole. `resource` begins with a slash, and is quoted.

        Raises urllib3.exceptions.HTTPError when no answer comes.
        """
        request = AWSRequest(
            "POST", self._endpoint + resource, headers={"Host": self._host, **headers}, data=data
        )
        # Credentials of a role change while a function lives: frozen for each request anew.
        credentials = self._credentials.get_frozen_credentials()
        SigV4Auth(credentials, self._service, self._region).add_auth(request)
        return self._pool.urlopen(
            "POST",
            self._path + resource,
            body=data,
            headers=dict(request.headers.items()),
            retries=False,
            timeout=timeout,
        )
