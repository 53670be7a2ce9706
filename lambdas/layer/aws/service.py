"""One AWS service at one endpoint: a signed POST and its response.

Signature Version 4 and the credentials for it are AWS's Common Runtime's:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
from functools import cache
from typing import Self
from urllib.parse import urlsplit

from awscrt.auth import AwsCredentialsProvider, AwsSigningConfig, aws_sign_request
from awscrt.exceptions import AwsCrtError
from awscrt.http import HttpHeaders, HttpRequest

from lambdas.layer import settings
from lambdas.layer.aws.clients import USER_AGENT
from lambdas.layer.aws.deadline import Deadline
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.aws.transport import Response, Transport, bootstrap


class CredentialsError(RuntimeError):
    """No credentials can be found; says where they are looked for."""


class Signer:
    """Signs requests to one service in one region. Threads may share it."""

    def __init__(self, service: str, region: str, credentials: AwsCredentialsProvider) -> None:
        """Take Signature Version 4's name of the service, e.g. `execute-api`."""
        self._service = service
        self._region = region
        self._credentials = credentials

    def sign(self, request: HttpRequest, body: bytes, deadline: Deadline) -> None:
        """Add the headers of the signature. `host` and what else it shall cover are there already.

        The digest of the body is made here: the runtime would read it piece by piece from Python.

        Raises TransportError where credentials cannot be had in time.
        """
        config = AwsSigningConfig(
            credentials_provider=self._credentials,
            region=self._region,
            service=self._service,
            signed_body_value=hashlib.sha256(body).hexdigest(),
        )
        try:
            aws_sign_request(request, config).result(deadline.remaining())
        except (AwsCrtError, TimeoutError) as error:
            raise TransportError(f"the request could not be signed: {_name(error)}") from error

    def resolve_credentials(self, deadline: Deadline) -> None:
        """Find credentials, so that the next request need not wait for them.

        Raises CredentialsError.
        """
        try:
            self._credentials.get_credentials().result(deadline.remaining())
        except (AwsCrtError, TimeoutError) as error:
            raise CredentialsError(
                f"no AWS credentials ({_name(error)}): neither in the environment "
                "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), nor in a profile, nor from a "
                "container's or an instance's endpoint"
            ) from error


@cache
def credentials_provider() -> AwsCredentialsProvider:
    """Return where a function's credentials come from, one for all of a process.

    Lambda hands them out in the environment, the same for the life of the process; with SnapStart
    through a container's endpoint, which is in the runtime's default chain, refreshed and cached:
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html
    """
    if settings.has_credentials():
        return AwsCredentialsProvider.new_environment()
    return AwsCredentialsProvider.new_default_chain(bootstrap())


def _name(error: Exception) -> str:
    return error.name if isinstance(error, AwsCrtError) else "timeout"


class AwsService:
    """A service at an `endpoint`, e.g. https://dynamodb.eu-west-1.amazonaws.com."""

    def __init__(self, endpoint: str, signer: Signer, transport: Transport) -> None:
        """Take the address, of which host and path count here, and the transport to its host."""
        address = urlsplit(endpoint)
        self._host = address.netloc
        self._path = address.path
        self._signer = signer
        self._transport = transport

    @classmethod
    def from_env(cls, service: str, *endpoint_settings: str, max_connections: int) -> Self:
        """Return the service at the first of these settings that is set.

        `service` is its name in Signature Version 4; `max_connections` are kept between requests.
        Raises MissingSettingError, InvalidSettingError.
        """
        endpoint = settings.address(*endpoint_settings)
        signer = Signer(service, settings.region(), credentials_provider())
        return cls(endpoint, signer, Transport(endpoint, max_connections=max_connections))

    def post(self, resource: str, body: bytes, headers: dict[str, str], timeout: float) -> Response:
        """Return the response, whatever its status; nothing is followed or tried again.

        `resource` begins with a slash and is percent-encoded; `timeout`, in seconds, is for all of
        it: signing, name resolution, connecting, TLS, request and response. Raises TransportError.
        """
        deadline = Deadline.after(timeout)
        all_headers = {"host": self._host, "user-agent": USER_AGENT, **headers}
        headers_to_sign = HttpHeaders(list(all_headers.items()))
        request = HttpRequest("POST", self._path + resource, headers_to_sign)
        self._signer.sign(request, body, deadline)
        request.headers.add("content-length", str(len(body)))  # signed by nobody, as in botocore
        return self._transport.send(request, body, deadline)

    def resolve_credentials(self, timeout: float) -> None:
        """Find credentials, so that the next request need not wait. Raises CredentialsError."""
        self._signer.resolve_credentials(Deadline.after(timeout))
