"""The service's clients of AWS at an endpoint of this machine, on either library."""

from typing import Any, Final

import boto3
from awscrt.auth import AwsCredentialsProvider

from lambdas.layer.aws.boto3_clients import Boto3ConnectionsApi, Boto3DynamoDb
from lambdas.layer.aws.clients import ConnectionsClient, DynamoDbClient
from lambdas.layer.aws.connections_api import ConnectionsApi
from lambdas.layer.aws.json_services import DynamoDb, JsonService
from lambdas.layer.aws.service import AwsService, Signer
from lambdas.layer.aws.transport import Transport

REGION: Final = "eu-west-1"
KEY: Final = ("AKIDEXAMPLE", "a secret")
LIBRARIES: Final = ("awscrt", "boto3")


def service(
    endpoint: str,
    name: str = "dynamodb",
    *,
    token: str | None = None,
    transport: Transport | None = None,
    max_connections: int = 1,
) -> AwsService:
    """Return a service whose requests are signed with KEY, and with a role's `token`."""
    signer = Signer(name, REGION, AwsCredentialsProvider.new_static(*KEY, token))
    if transport is None:
        transport = Transport(endpoint, max_connections=max_connections)
    return AwsService(endpoint, signer, transport)


def json_service(endpoint: str) -> JsonService:
    """Return DynamoDB's protocol at an endpoint."""
    return DynamoDb(service(endpoint))


def dynamodb(library: str, endpoint: str, monkeypatch: Any) -> DynamoDbClient:
    """Return a client of DynamoDB at an endpoint, as the environment would make it."""
    if library == "awscrt":
        return DynamoDb(service(endpoint))
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
    return Boto3DynamoDb.from_session(boto3.Session(*KEY, region_name=REGION))


def connections_api(library: str, endpoint: str, monkeypatch: Any) -> ConnectionsClient:
    """Return a client of `@connections` at an endpoint, as the environment would make it."""
    if library == "awscrt":
        return ConnectionsApi(service(endpoint, "execute-api", max_connections=32))
    monkeypatch.setenv("CONNECTIONS_ENDPOINT_URL", endpoint)
    return Boto3ConnectionsApi.from_session(boto3.Session(*KEY, region_name=REGION))
