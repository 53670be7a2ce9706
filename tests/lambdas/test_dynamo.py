"""DynamoDB's four operations on the wire, beside those of boto3's own client."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from lambdas.layer.aws_json import AwsJson
from lambdas.layer.dynamo import Dynamo
from lambdas.layer.settings import InvalidSettingError, MissingSettingError
from lambdas.layer.signed_http import SignedHttp
from tests.lambdas.loopback import LoopbackApi, Said

REGION = "eu-west-1"
OWN, ANY = "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"
CALLS: dict[str, dict[str, Any]] = {
    "put_item": {
        "TableName": "ledger",
        "Item": {"line": {"S": "said#é💳"}, "expires_at": {"N": "1795429800"}},
        "ConditionExpression": "attribute_not_exists(line) OR expires_at <= :now",
        "ExpressionAttributeValues": {":now": {"N": "1795426200"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    },
    "delete_item": {
        "TableName": "ledger",
        "Key": {"merchant_id#ref": {"S": "é#7"}, "line": {"S": "joined#V7mQkd0fDoECJwg="}},
    },
    "query": {
        "TableName": "connections",
        "IndexName": "by_ref",
        "KeyConditionExpression": "#key = :key",
        "ExpressionAttributeNames": {"#key": "merchant_id#ref"},
        "ExpressionAttributeValues": {":key": {"S": 'a"b\\c\n#7'}},
        "ConsistentRead": False,
        "ExclusiveStartKey": {"connection_id": {"S": "V7mQkd0fDoECJwg="}},
    },
    "batch_write_item": {
        "RequestItems": {
            "connections": [{"PutRequest": {"Item": {"connection_id": {"S": "a"}}}}],
            "ledger": [{"DeleteRequest": {"Key": {"line": {"S": "joined#a"}}}}],
        }
    },
}
ANSWERS: dict[str, dict[str, Any]] = {
    "put_item": {},
    "delete_item": {},
    "query": {"Items": [{"line": {"S": "é💳"}, "n": {"N": "1e-7"}}], "Count": 1},
    "batch_write_item": {
        "UnprocessedItems": {"ledger": [{"DeleteRequest": {"Key": {"line": {"S": "joined#a"}}}}]}
    },
}


@pytest.fixture(params=[None, "a session token"], ids=["user", "role"])
def credentials(request: pytest.FixtureRequest) -> Credentials:
    return Credentials("AKIDEXAMPLE", "a secret", request.param)


def _endpoint(loopback: LoopbackApi) -> str:
    return loopback.endpoint.removesuffix("/prod")  # stages are API Gateway's


def _ours(loopback: LoopbackApi, credentials: Credentials) -> Dynamo:
    http = SignedHttp(_endpoint(loopback), "dynamodb", credentials, REGION, at_once=1)
    return Dynamo(AwsJson(http, "DynamoDB_20120810", "1.0"))


def _boto3s(loopback: LoopbackApi, credentials: Credentials) -> Any:
    return botocore.session.Session().create_client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=_endpoint(loopback),
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("operation", CALLS)
def test_a_call_is_signed_and_spelled_and_its_answer_read_as_by_boto3s_own_client(
    operation: str,
    loopback: LoopbackApi,
    credentials: Credentials,
    signing_at: Callable[[datetime], None],
) -> None:
    signing_at(datetime(2026, 11, 23, 9, 30))  # noqa: DTZ001 - as botocore has them
    answers, parameters = [Said(200, ANSWERS[operation])] * 2, CALLS[operation]
    loopback.script(*answers)
    client = _boto3s(loopback, credentials)
    theirs_answer = getattr(client, operation)(**parameters)
    client.close()
    ours_answer = getattr(_ours(loopback, credentials), operation)(**parameters)
    theirs, ours = loopback.requests

    del theirs_answer["ResponseMetadata"]
    assert ours_answer == theirs_answer == ANSWERS[operation]
    assert ours.target == theirs.target
    assert ours.body == theirs.body
    for name in (
        "authorization",
        "content-length",
        "content-type",
        "host",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-target",
    ):
        assert ours.headers.get(name) == theirs.headers.get(name), name
    assert ("x-amz-security-token" in ours.headers) == (credentials.token is not None)


@pytest.mark.parametrize(
    "answer",
    [
        {
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
            "Item": {"line": {"S": "said#r1"}, "write": {"S": "abc"}},
        },
        {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "not you"},
        {"__type": "com.amazon.coral.validate#ValidationException", "message": "no such index"},
    ],
)
def test_a_refusal_is_raised_as_by_boto3s_own_client(
    answer: dict[str, Any], loopback: LoopbackApi, credentials: Credentials
) -> None:
    loopback.script(*[Said(400, answer)] * 2)
    client = _boto3s(loopback, credentials)
    with pytest.raises(ClientError) as theirs:
        client.put_item(**CALLS["put_item"])
    client.close()
    with pytest.raises(ClientError) as ours:
        _ours(loopback, credentials).put_item(**CALLS["put_item"])
    assert ours.value.response["Error"] == theirs.value.response["Error"]
    their_response, our_response = dict(theirs.value.response), dict(ours.value.response)
    assert our_response.get("Item") == their_response.get("Item") == answer.get("Item")
    assert str(ours.value) == str(theirs.value)
    assert ours.value.operation_name == theirs.value.operation_name


@pytest.fixture
def environment(loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment as a function has it, and nothing that this machine may add."""
    monkeypatch.delenv(OWN, raising=False)
    monkeypatch.setenv(ANY, _endpoint(loopback) + "/")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_the_environment_names_endpoint_credentials_and_region(loopback: LoopbackApi) -> None:
    loopback.script(Said(200, {"Items": []}))
    assert Dynamo.from_env().query(**CALLS["query"]) == {"Items": []}
    (request,) = loopback.requests
    assert request.target == "/"
    assert request.headers["content-type"] == "application/x-amz-json-1.0"
    assert request.headers["x-amz-target"] == "DynamoDB_20120810.Query"
    assert "Credential=AKIDENV/" in request.headers["authorization"]
    assert "/eu-west-1/dynamodb/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "a token"


def test_dynamodbs_own_endpoint_wins(
    environment: pytest.MonkeyPatch, loopback: LoopbackApi
) -> None:
    environment.setenv(OWN, _endpoint(loopback))
    environment.setenv(ANY, "http://127.0.0.1:9/nobody-listens-here")
    loopback.script(Said(200, {}))
    assert Dynamo.from_env().put_item(**CALLS["put_item"]) == {}


def test_an_endpoint_that_is_set_to_nothing_counts_as_not_set(
    environment: pytest.MonkeyPatch, loopback: LoopbackApi
) -> None:
    environment.setenv(OWN, "")
    loopback.script(Said(200, {}))
    assert Dynamo.from_env().put_item(**CALLS["put_item"]) == {}


def test_an_environment_without_an_endpoint_is_an_error_that_names_it(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv(ANY)
    with pytest.raises(MissingSettingError, match=OWN):
        Dynamo.from_env()
    environment.setenv(ANY, "localhost:4566")
    with pytest.raises(InvalidSettingError, match=f"{ANY} must be"):
        Dynamo.from_env()


def test_an_environment_without_credentials_or_region_is_an_error(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("AWS_DEFAULT_REGION")
    environment.delenv("AWS_REGION", raising=False)
    with pytest.raises(NoRegionError):
        Dynamo.from_env()
    environment.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(NoCredentialsError):
        Dynamo.from_env()
