"""Ways to the local AWS: the service's own clients as its functions have them, and boto3's.

Credentials and region are the local AWS's, whatever the caller's environment says.
"""

from typing import Final

import boto3
from botocore.credentials import Credentials

from lambdas.layer.aws_json import AwsJson
from lambdas.layer.connections_api import POSTS_AT_ONCE, ConnectionsApi
from lambdas.layer.dynamo import Dynamo
from lambdas.layer.signed_http import SignedHttp
from tools.ministack import CREDENTIALS, REGION

_CALLS_AT_ONCE: Final = 10


def dynamo(endpoint: str) -> Dynamo:
    """Return the functions' client of DynamoDB."""
    http = SignedHttp(endpoint, "dynamodb", _credentials(), REGION, at_once=_CALLS_AT_ONCE)
    return Dynamo(AwsJson(http, "DynamoDB_20120810", "1.0"))


def connections_api(endpoint: str) -> ConnectionsApi:
    """Return the functions' client of `@connections` at a stage's address."""
    http = SignedHttp(endpoint, "execute-api", _credentials(), REGION, at_once=POSTS_AT_ONCE)
    return ConnectionsApi(http)


def session() -> boto3.Session:
    """Return a session of boto3, for the benchmark's own errands and for comparison."""
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def _credentials() -> Credentials:
    return Credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
