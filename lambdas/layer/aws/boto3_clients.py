"""The same operations on boto3's clients, for a backend that uses the service in its own process.

Profiles, SSO, assumed roles, proxies, AWS_CA_BUNDLE, FIPS and dual-stack addresses then work as
boto3's users know them. No function of `lambdas` imports this module.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError

from lambdas.layer import limits, settings
from lambdas.layer.aws.clients import ENDPOINT_SETTING, MAX_POSTS, USER_AGENT
from lambdas.layer.aws.errors import AwsError, ServiceError, TransportError

# boto3 counts connecting and reading each for itself; its pause before a second attempt is up to 1
# second: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_CONNECT_TIMEOUT = _READ_TIMEOUT = limits.ATTEMPT_TIMEOUT / 2


class Boto3DynamoDb:
    """DynamoDB through a client of boto3; see clients.DynamoDbClient."""

    def __init__(self, client: Any, credentials: Credentials | None = None) -> None:
        """Take boto3's client, and whose credentials it uses."""
        self._client = client
        self._credentials = credentials
        client.meta.events.register("before-parse.dynamodb", _require_object)

    @classmethod
    def from_session(cls, session: boto3.Session | None = None) -> Self:
        """Return the DynamoDB of a session, by default of one made from the environment.

        Raises botocore's NoCredentialsError, NoRegionError.
        """
        session = session or _session()
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return cls(_client(session, "dynamodb", attempts=2), credentials)

    def resolve_credentials(self) -> None:
        """Find credentials; a role's are fetched anew before they end. Raises botocore's errors."""
        if self._credentials is not None:
            self._credentials.get_frozen_credentials()

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the result of an operation, e.g. `PutItem`."""
        with _translated(operation):
            response = getattr(self._client, xform_name(operation))(**parameters)
        return {name: value for name, value in response.items() if name != "ResponseMetadata"}


class Boto3ConnectionsApi:
    """The `@connections` of one stage through a client of boto3; see clients.ConnectionsClient."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def from_session(cls, session: boto3.Session | None = None) -> Self:
        """Return the API that ENDPOINT_SETTING names, with a session's credentials and region.

        Raises MissingSettingError, InvalidSettingError, botocore's NoRegionError.
        """
        session = session or _session()
        endpoint = settings.address(ENDPOINT_SETTING)
        # Sender tries again itself.
        return cls(_client(session, "apigatewaymanagementapi", attempts=1, endpoint_url=endpoint))

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:  # noqa: ARG002 - boto3's timeouts are its client's
        """Return the HTTP status, within limits.ATTEMPT_TIMEOUT. Raises TransportError."""
        try:
            with _translated("PostToConnection"):
                self._client.post_to_connection(ConnectionId=connection_id, Data=data)
        except ServiceError as error:
            status: int = error.body["ResponseMetadata"]["HTTPStatusCode"]
            return status
        return 200


@cache
def _session() -> boto3.Session:
    """Return one for both clients: credentials that one has found, the other need not fetch."""
    return boto3.Session(region_name=settings.region_or_none())


def _client(session: boto3.Session, service: str, *, attempts: int, **options: Any) -> Any:
    """Return a client. One of a loopback address uses no proxy, which could not reach it."""
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=MAX_POSTS,
        user_agent_extra=USER_AGENT,
    )
    make: Any = session.client  # one of hundreds of types, by the name of the service
    client = make(service, config=config, **options)
    if _is_loopback(client.meta.endpoint_url):
        # Only a client knows where the environment and the profile lead.
        client = make(service, config=config.merge(Config(proxies={})), **options)
    return client


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        response: Any = error.response
        about = response["Error"]
        raise ServiceError(operation, about["Code"], about["Message"], response) from error
    except (AwsError, ParamValidationError):
        raise
    except Exception as error:
        # Beside BotoCoreError, whatever its parsers raise for a response that is not AWS's own.
        raise TransportError(type(error).__name__) from error


def _require_object(response_dict: dict[str, Any], **_: Any) -> None:
    """Refuse a success without a JSON object, e.g. a proxy's page; boto3 would take it for one."""
    try:
        is_object = isinstance(json.loads(response_dict["body"]), dict)
    except ValueError:
        is_object = False
    if response_dict["status_code"] == 200 and not is_object:  # noqa: PLR2004
        raise TransportError("the response is not a JSON object")
