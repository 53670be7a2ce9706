"""One AWS service at one endpoint: a signed POST and its response."""

from typing import Final, Self
from urllib.parse import urlsplit

from awscrt.http import HttpHeaders, HttpRequest

from lambdas.layer import settings
from lambdas.layer.aws.deadline import Deadline
from lambdas.layer.aws.signing import Signer, credentials_provider
from lambdas.layer.aws.transport import Response, Transport

USER_AGENT: Final = "ottu-ws-notify"
"""Names this client in AWS's logs, e.g. CloudTrail's `userAgent`."""


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
