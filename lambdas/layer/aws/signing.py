"""Signature Version 4 and the credentials for it, by AWS's Common Runtime.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
from functools import cache

from awscrt.auth import AwsCredentialsProvider, AwsSigningConfig, aws_sign_request
from awscrt.exceptions import AwsCrtError
from awscrt.http import HttpRequest

from lambdas.layer import settings
from lambdas.layer.aws.deadline import Deadline
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.aws.transport import bootstrap


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
