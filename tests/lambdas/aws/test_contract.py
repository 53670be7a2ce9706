"""What Storage and Sender rely on, of both clients alike: the functions' and boto3's."""

import time
import traceback
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.credentials import DeferredRefreshableCredentials

from lambdas.layer import limits
from lambdas.layer.aws import boto3_clients
from lambdas.layer.aws.boto3_clients import Boto3ConnectionsApi, Boto3DynamoDb
from lambdas.layer.aws.clients import ConnectionsClient, DynamoDbClient
from lambdas.layer.aws.errors import AwsError, ServiceError, TransportError
from tests.kit.dynamodb import SHAPES, FakeDynamoDb
from tests.kit.loopback import HttpResponse, LoopbackApi
from tests.lambdas.aws.clients import KEY, LIBRARIES, REGION, connections_api, dynamodb

PUT: dict[str, Any] = {
    "TableName": "ledger",
    "Item": {"entry": {"S": "é💳"}, "expires_at": {"N": "1795429800"}},
}
THROTTLED = HttpResponse(
    400, {"__type": "a#ProvisionedThroughputExceededException", "message": "wait"}
)
UNANSWERED = [
    "reset",
    "hang",
    HttpResponse(200, b"<html>canary</html>"),
    HttpResponse(200, b'["canary"]'),
]
ODD = [
    HttpResponse(400, b"[1]"),
    HttpResponse(400, b'{"__type": 5}'),
    HttpResponse(403, b"null"),
    HttpResponse(503, "réessayez".encode("latin-1")),
]
"""Errors of something that is not AWS."""

UNCERTAINTY = 1.0
"""Seconds by which a busy machine may measure a call longer than it was."""


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# -- DynamoDB: the local AWS, and the model that other tests use in its place

LEDGER = f"ledger-{uuid4().hex}"


@pytest.fixture(params=[*LIBRARIES, "the model"])
def client(
    request: pytest.FixtureRequest, aws: str, monkeypatch: pytest.MonkeyPatch
) -> DynamoDbClient:
    if request.param == "the model":
        return FakeDynamoDb({LEDGER: SHAPES["ledger"]})
    _create_ledger(aws)
    return dynamodb(request.param, aws, monkeypatch)


@cache
def _create_ledger(endpoint: str) -> None:
    """Create a table of which each test uses a partition of its own."""
    boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the local AWS takes any
    ).create_table(
        TableName=LEDGER,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("merchant_id#ref", "entry")
        ],
        KeySchema=[
            {"AttributeName": "merchant_id#ref", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
    )


@pytest.fixture
def topic() -> str:
    return f"m#é💳{uuid4().hex}"


def _item(topic: str, entry: str, **more: str) -> dict[str, Any]:
    values = {"merchant_id#ref": topic, "entry": entry, **more}
    return {name: {"S": value} for name, value in values.items()}


def _query(topic: str, **more: Any) -> dict[str, Any]:
    return {
        "TableName": LEDGER,
        "KeyConditionExpression": "#key = :key",
        "ExpressionAttributeNames": {"#key": "merchant_id#ref"},
        "ExpressionAttributeValues": {":key": {"S": topic}},
        "ConsistentRead": True,
        **more,
    }


def test_a_query_returns_its_pages_one_by_one(client: DynamoDbClient, topic: str) -> None:
    for number in range(3):
        client.call("PutItem", TableName=LEDGER, Item=_item(topic, f"l{number}"))
    query = _query(topic, Limit=2)
    first = client.call("Query", **query)
    rest = client.call("Query", **query, ExclusiveStartKey=first["LastEvaluatedKey"])
    found = [item["entry"]["S"] for item in (*first["Items"], *rest["Items"])]
    assert found == ["l0", "l1", "l2"]
    assert "LastEvaluatedKey" not in rest


def test_a_put_whose_condition_fails_shows_the_item_that_is_there(
    client: DynamoDbClient, topic: str
) -> None:
    conditional: dict[str, Any] = {
        "TableName": LEDGER,
        "ConditionExpression": "attribute_not_exists(entry)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    client.call("PutItem", **conditional, Item=_item(topic, "l", write="1"))
    with pytest.raises(ServiceError) as refused:
        client.call("PutItem", **conditional, Item=_item(topic, "l", write="2"))
    assert refused.value.code == "ConditionalCheckFailedException"
    assert refused.value.body["Item"] == _item(topic, "l", write="1")


def test_a_batch_is_written_and_an_item_deleted(client: DynamoDbClient, topic: str) -> None:
    puts = [{"PutRequest": {"Item": _item(topic, entry)}} for entry in ("a", "b")]
    result = client.call("BatchWriteItem", RequestItems={LEDGER: puts})
    assert result.get("UnprocessedItems", {}) == {}
    client.call("DeleteItem", TableName=LEDGER, Key=_item(topic, "a"))
    client.call("DeleteItem", TableName=LEDGER, Key=_item(topic, "never there"))
    found = client.call("Query", **_query(topic))["Items"]
    assert [item["entry"]["S"] for item in found] == ["b"]


def test_a_table_that_does_not_exist_is_named_by_its_error(client: DynamoDbClient) -> None:
    with pytest.raises(ServiceError) as refused:
        client.call("PutItem", TableName="none", Item=_item("m", "l"))
    assert refused.value.code == "ResourceNotFoundException"


# -- DynamoDB on a bad day, by a script


@pytest.fixture
def scripted(
    library: str, loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch
) -> DynamoDbClient:
    return dynamodb(library, loopback.endpoint.removesuffix("/prod"), monkeypatch)


def test_unprocessed_items_are_in_the_result_of_a_batch(
    scripted: DynamoDbClient, loopback: LoopbackApi
) -> None:
    rest = {"ledger": [{"DeleteRequest": {"Key": {"entry": {"S": "subscription#a"}}}}]}
    loopback.script(HttpResponse(200, {"UnprocessedItems": rest}))
    assert scripted.call("BatchWriteItem", RequestItems=rest) == {"UnprocessedItems": rest}


@pytest.mark.parametrize("transient", [THROTTLED, 500, 503, "reset"])
def test_a_transient_error_is_met_by_a_second_attempt(
    transient: Any, scripted: DynamoDbClient, loopback: LoopbackApi
) -> None:
    loopback.script(transient, HttpResponse(200, {}))
    assert scripted.call("PutItem", **PUT) == {}
    first, second = loopback.requests
    assert first.body == second.body


def test_throttling_that_goes_on_is_raised_by_its_name(
    scripted: DynamoDbClient, loopback: LoopbackApi
) -> None:
    loopback.script(THROTTLED, THROTTLED, HttpResponse(200, {}))
    with pytest.raises(ServiceError) as throttled:
        scripted.call("PutItem", **PUT)
    assert throttled.value.code == "ProvisionedThroughputExceededException"
    assert len(loopback.requests) == 2


@pytest.mark.parametrize("unanswered", UNANSWERED)
def test_what_is_not_a_response_of_dynamodb_is_a_transport_error_within_3_seconds(
    unanswered: Any, scripted: DynamoDbClient, loopback: LoopbackApi
) -> None:
    loopback.script(unanswered, unanswered)
    started = time.monotonic()
    with pytest.raises(TransportError) as failed:
        scripted.call("PutItem", **PUT)
    assert time.monotonic() - started < limits.CALL_BUDGET + UNCERTAINTY
    assert "canary" not in "".join(traceback.format_exception(failed.value))


def test_a_refused_connection_is_a_transport_error(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LoopbackApi() as gone:
        endpoint = gone.endpoint
    with pytest.raises(TransportError):
        dynamodb(library, endpoint, monkeypatch).call("PutItem", **PUT)


@pytest.mark.parametrize("odd", ODD)
def test_an_error_response_that_is_not_one_of_aws_raises_an_aws_error(
    odd: HttpResponse, scripted: DynamoDbClient, loopback: LoopbackApi
) -> None:
    loopback.script(odd, odd)
    with pytest.raises(AwsError):
        scripted.call("PutItem", **PUT)


def test_every_call_names_this_client_to_aws(
    scripted: DynamoDbClient, loopback: LoopbackApi
) -> None:
    loopback.script(HttpResponse(200, {}))
    scripted.call("PutItem", **PUT)
    assert "ottu-ws-notify" in loopback.requests[0].headers["user-agent"]


def test_boto3s_credentials_of_a_role_are_fetched_beforehand(loopback: LoopbackApi) -> None:
    soon = {"access_key": "a", "secret_key": "b", "token": "c", "expiry_time": "2100-01-01T00:00Z"}
    fetched: list[dict[str, str]] = []

    def fetch() -> dict[str, str]:
        fetched.append(soon)
        return soon

    credentials = DeferredRefreshableCredentials(fetch, "a role")
    client = boto3.Session(*KEY, region_name=REGION).client(
        "dynamodb", endpoint_url=loopback.endpoint
    )
    Boto3DynamoDb(client, credentials).resolve_credentials()
    assert fetched == [soon]


# -- @connections


@pytest.fixture
def posts(
    library: str, loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch
) -> ConnectionsClient:
    return connections_api(library, loopback.endpoint, monkeypatch)


@pytest.mark.parametrize("connection_id", ["V7mQkd0fDoECJwg=", "3", "a/b c+d%3D~é"])
def test_a_post_reaches_the_resource_of_its_connection(
    connection_id: str, posts: ConnectionsClient, loopback: LoopbackApi
) -> None:
    assert posts.post(connection_id, '{"message":"é 💳"}'.encode(), 5) == 200
    (request,) = loopback.requests
    quoted = {
        "V7mQkd0fDoECJwg=": "V7mQkd0fDoECJwg%3D",
        "3": "3",
        "a/b c+d%3D~é": "a%2Fb%20c%2Bd%253D~%C3%A9",
    }
    assert request.target == f"/prod/@connections/{quoted[connection_id]}"
    assert request.body == '{"message":"é 💳"}'.encode()
    assert "/execute-api/aws4_request" in request.headers["authorization"]
    assert "ottu-ws-notify" in request.headers["user-agent"]


@pytest.mark.parametrize("status", [200, 400, 403, 410, 413, 429, 500, 503])
def test_a_posts_status_is_returned_and_nothing_tried_again(
    status: int, posts: ConnectionsClient, loopback: LoopbackApi
) -> None:
    loopback.script(status)
    assert posts.post("V7mQkd0fDoECJwg=", b"x", 5) == status
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("unanswered", ["reset", "hang"])
def test_a_post_without_a_response_is_a_transport_error_within_a_second(
    unanswered: Any, posts: ConnectionsClient, loopback: LoopbackApi
) -> None:
    loopback.script(unanswered)
    started = time.monotonic()
    with pytest.raises(AwsError) as failed:
        posts.post("V7mQkd0fDoECJwg=", b"x", limits.ATTEMPT_TIMEOUT)
    assert isinstance(failed.value, TransportError)
    assert time.monotonic() - started < limits.ATTEMPT_TIMEOUT + UNCERTAINTY
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("odd", ODD)
def test_a_post_that_gets_an_error_response_not_of_aws_fails_by_itself(
    odd: HttpResponse, posts: ConnectionsClient, loopback: LoopbackApi
) -> None:
    loopback.script(odd)
    try:
        status = posts.post("V7mQkd0fDoECJwg=", b"x", limits.ATTEMPT_TIMEOUT)
    except TransportError:
        status = odd.status  # boto3 cannot read it
    assert status == odd.status


def test_both_clients_of_boto3_share_what_credentials_were_found(
    loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a role's would be fetched within the first post, long after `sent_at`."""
    monkeypatch.setattr(boto3_clients, "_session", cache(boto3_clients._session.__wrapped__))  # noqa: SLF001 - of this test
    for name, value in {
        "AWS_ENDPOINT_URL": loopback.endpoint,
        "CONNECTIONS_ENDPOINT_URL": loopback.endpoint,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIDENV",
        "AWS_SECRET_ACCESS_KEY": "a secret",
    }.items():
        monkeypatch.setenv(name, value)
    clients = Boto3DynamoDb.from_session(), Boto3ConnectionsApi.from_session()
    found, used = (client._client._request_signer._credentials for client in clients)  # noqa: SLF001 - boto3 shows them nowhere else
    assert found is used
