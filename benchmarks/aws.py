"""The functions' own clients of the local AWS; boto3's are in tests/kit/deployed.py.

Credentials and region are the local AWS's, not those of the environment.
"""

from awscrt.auth import AwsCredentialsProvider

from lambdas.layer.aws.clients import MAX_POSTS
from lambdas.layer.aws.connections_api import ConnectionsApi
from lambdas.layer.aws.json_services import DynamoDb
from lambdas.layer.aws.service import AwsService, Signer
from lambdas.layer.aws.transport import Transport
from tools.ministack import CREDENTIALS, REGION


def dynamodb(endpoint: str) -> DynamoDb:
    """Return the functions' client of DynamoDB."""
    return DynamoDb(_service(endpoint, "dynamodb"))


def connections_api(endpoint: str) -> ConnectionsApi:
    """Return the functions' client of `@connections` at a stage's address."""
    return ConnectionsApi(_service(endpoint, "execute-api"))


def _service(endpoint: str, name: str) -> AwsService:
    credentials = AwsCredentialsProvider.new_static(
        CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
    )
    transport = Transport(endpoint, max_connections=MAX_POSTS)
    return AwsService(endpoint, Signer(name, REGION, credentials), transport)
