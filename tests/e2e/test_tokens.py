"""A stage that requires tokens: handshakes, permissions, expiry and logs."""

import json
import time
from typing import TYPE_CHECKING, Any, Literal

import boto3
import jwt
import pytest
from websockets.exceptions import InvalidHandshake

from tests.fuzz.forgeries import handshakes
from tests.kit.deployed import function_names, items
from tests.kit.peer import peer, publication, unique
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR = 3600


def address(stage: LocalStage, token: str) -> str:
    return f"{stage.url}?token={token}"


def custom_token(
    stage: LocalStage, *, kid: str = "first", key: str = "", lifetime: int = HOUR, **claims: Any
) -> str:
    """Return a token for the backend of `sealed` with these claims; None leaves one out."""
    valid = {"client": "backend", "merchant_id": "sealed", "exp": int(time.time()) + lifetime}
    kept = {name: value for name, value in {**valid, **claims}.items() if value is not None}
    key = key or stage.keys()["first"]
    return jwt.encode(kept, key, algorithm="HS256", headers={"kid": kid})


def stored(stage: LocalStage, dynamodb: "DynamoDBClient") -> list[Any]:
    """Return the items of `sealed` and `sealed-too`, merchants of these tests alone."""
    found = items(dynamodb, stage)
    merchants = ("sealed#", "sealed-too#")
    return [item for item in found if item["merchant_id#ref"]["S"].startswith(merchants)]


def unsigned() -> str:
    claims = {"client": "backend", "merchant_id": "shop", "exp": int(time.time()) + HOUR}
    return jwt.encode(claims, "", algorithm="none", headers={"kid": "first"})


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"lifetime": 25 * HOUR},
        {"exp": None},
        {"kid": "second"},
        {"key": "not the key of this stage, but long enough"},
        {"client": "frontend"},
        {"client": "server"},
        {"merchant_id": None},
        {"ref": []},
        {"ref": ["r"] * 21},
    ],
    ids=str,
)
def test_a_handshake_with_an_invalid_token_is_rejected_and_stores_nothing(
    guarded: LocalStage, guarded_dynamodb: "DynamoDBClient", claims: dict[str, Any]
) -> None:
    token = custom_token(guarded, **claims)
    with pytest.raises(InvalidHandshake), peer(address(guarded, token)):
        pass
    assert stored(guarded, guarded_dynamodb) == []


def test_every_handshake_with_a_forged_token_is_rejected_and_stores_nothing(
    guarded: LocalStage, guarded_dynamodb: "DynamoDBClient"
) -> None:
    attempts = list(handshakes(guarded, 2, "a seed"))
    assert [attempt for attempt in attempts if not attempt.right] == []
    assert len(attempts) > len({attempt.group for attempt in attempts})
    assert stored(guarded, guarded_dynamodb) == []


@pytest.mark.parametrize("query", ["", "?token=", "?token=x.y.z", "?token=UNSIGNED"])
def test_a_handshake_with_no_token_or_an_unsigned_one_is_rejected(
    guarded: LocalStage, query: str
) -> None:
    query = query.replace("UNSIGNED", unsigned())
    with pytest.raises(InvalidHandshake), peer(guarded.url + query):
        pass


def test_tokens_in_the_query_or_a_header_permit_subscribe_and_publish(guarded: LocalStage) -> None:
    merchant = unique("shop")
    frontend = guarded.token("frontend", merchant, "7", "8")
    backend = {"Authorization": f"Bearer {guarded.token('backend', merchant)}"}
    with (
        peer(address(guarded, frontend)) as browser,
        peer(guarded.url, additional_headers=backend) as publisher,
    ):
        assert browser.subscribe(merchant, 7)[-1]["type"] == "subscribed"
        assert publisher.ask(publication(merchant, "7"))["accepted"] == 1
        assert browser.receive()["merchant_id"] == merchant
        assert browser.drain() == publisher.drain() == []


@pytest.mark.parametrize(
    ("client", "frame", "field"),
    [
        ("frontend", publication("sealed", "7"), "client"),
        (
            "frontend",
            {"client": "frontend", "merchant_id": "sealed-too", "ref": "7"},
            "merchant_id",
        ),
        ("frontend", {"client": "frontend", "merchant_id": "sealed", "ref": "8"}, "ref"),
        ("frontend", {"action": "unsubscribe", "merchant_id": "sealed", "ref": "8"}, "ref"),
        ("backend", {"client": "frontend", "merchant_id": "sealed", "ref": "7"}, "client"),
        ("backend", {"action": "unsubscribe", "merchant_id": "sealed", "ref": "7"}, "action"),
        ("backend", publication("sealed-too", "7"), "merchant_id"),
        ("backend", publication("sealed", "8"), "ref"),
    ],
)
def test_a_frame_outside_the_token_is_forbidden_and_changes_nothing(
    guarded: LocalStage,
    guarded_dynamodb: "DynamoDBClient",
    client: Literal["frontend", "backend"],
    frame: dict[str, Any],
    field: str,
) -> None:
    with peer(address(guarded, guarded.token(client, "sealed", "7"))) as principal:
        error = principal.ask(frame)
        assert (error["code"], error["field"]) == ("forbidden", field)
        assert principal.drain() == []
    assert stored(guarded, guarded_dynamodb) == []


def test_a_connection_whose_token_has_expired_gets_nothing_and_may_do_nothing(
    guarded: LocalStage,
) -> None:
    merchant = unique("shop")
    token = guarded.token("frontend", merchant, "r", lifetime=3)
    end = jwt.decode(token, options={"verify_signature": False})["exp"]
    backend = address(guarded, guarded.token("backend", merchant))
    with peer(address(guarded, token)) as browser, peer(backend) as publisher:
        (subscribed,) = browser.subscribe(merchant, "r")
        expires_at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(end))
        assert subscribed["expires_at"] == expires_at
        time.sleep(max(0, end - time.time()))  # the end is a time, there is nothing to await
        assert publisher.ask(publication(merchant, "r"))["accepted"] == 0
        for frame in ({"action": "ping"}, "garbage", {"client": "frontend"}):
            assert browser.ask(frame)["code"] == "forbidden"


CANARIES = {
    "message": "canary-in-a-message",
    "token": "canary.in.a-token",
    "unknown": "canary-in-an-unknown-field",
}


def test_no_log_of_a_rejected_or_accepted_event_shows_a_token_a_key_or_a_message(
    guarded: LocalStage, session: boto3.Session
) -> None:
    merchant = unique("shop")
    functions = session.client("lambda", endpoint_url=guarded.endpoint)
    logs = session.client("logs", endpoint_url=guarded.endpoint)
    keys = guarded.keys()
    good = guarded.token("backend", merchant)
    context = {
        "requestId": "r-1",
        "connectionId": "c-1",
        "connectedAt": int(time.time() * 1000),
        "requestTimeEpoch": int(time.time() * 1000),
        "domainName": "localhost",
    }
    notification = publication(
        merchant, "r", message=CANARIES["message"], secret=CANARIES["unknown"]
    )

    def event(kind: str, **more: Any) -> dict[str, Any]:
        return {"requestContext": {**context, "eventType": kind}, "methodArn": "arn:aws:x", **more}

    def query(token: str) -> dict[str, Any]:
        return {"headers": {}, "queryStringParameters": {"token": token}}

    # By direct invocation, and failing where it can: the local AWS keeps these logs.
    invocations = {
        "Authorizer": [
            event("CONNECT", **query(good)),
            event("CONNECT", **query(CANARIES["token"])),
            event("CONNECT", headers={"Authorization": f"Bearer {good[:-2]}xx"}),
            {"requestContext": {"token": CANARIES["token"]}},
        ],
        "Connect": [
            event("CONNECT", **query(good)),
            event("MESSAGE", body=json.dumps(notification)),
        ],
        "Default": [
            notification,
            {**notification, "status": CANARIES["message"]},
            event("MESSAGE", body=json.dumps(notification)),
            event("MESSAGE", body=CANARIES["message"]),
            {"requestContext": {"eventType": "MESSAGE"}, "body": json.dumps(notification)},
        ],
        "Disconnect": [event("DISCONNECT"), event("MESSAGE", body=json.dumps(notification))],
    }
    lines: list[str] = []
    for prefix, events in invocations.items():
        (name,) = function_names(functions, f"{prefix}Function")
        for each in events:
            functions.invoke(FunctionName=name, Payload=json.dumps(each))
        configuration = functions.get_function_configuration(FunctionName=name)
        group = configuration["LoggingConfig"]["LogGroup"]
        written = [e["message"] for e in logs.filter_log_events(logGroupName=group)["events"]]
        assert len(written) >= len(events), f"{prefix} wrote no log"
        lines += written
    lines.append(guarded.log.read_text())
    text = "\n".join(lines)
    assert "token refused" in text
    assert "frame refused" in text
    for canary in (*CANARIES.values(), *keys.values(), good):
        assert canary not in text
