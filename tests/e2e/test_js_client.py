"""The JavaScript client under Node's own WebSocket, on the deployed stage."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.node import Program, node
from tests.kit.peer import Frame, peer, publication, unique
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient

CLIENT = Path(__file__).parents[2] / "clients/js/src/index.js"

# Prints a JSON line for each socket, for each frame that it sends or receives, and for each
# notification and event of a watch. `watches` are options of `watchRef`; they share a token
# function, which returns one after the other of `tokens`, then always the last.
PAGE = """
const print = (line) => console.log(JSON.stringify(line));
const tokens = %(tokens)s;
const token = async () => (tokens.length > 1 ? tokens.shift() : tokens[0]);
globalThis.WebSocket = class extends WebSocket {
  constructor(address) {
    super(address);
    print({ socket: new URL(address).searchParams.get('token') });
    this.addEventListener('message', ({ data }) => print({ received: JSON.parse(data) }));
  }
  send(text) {
    super.send(text);
    print({ sent: JSON.parse(text) });
  }
};
import(%(client)s).then(({ watchRef }) => {
  for (const [name, options] of Object.entries(%(watches)s)) {
    const until = (notification) => notification.type === 'last';
    const watch = watchRef({ until, token, ...options }, ({ message }) => print({ name, message }));
    watch.addEventListener('state', ({ detail }) => print({ name, ...detail }));
    watch.addEventListener('error', ({ detail }) => print({ name, ...detail }));
  }
});
"""


def page(*tokens: str, **watches: Frame) -> str:
    texts = {"client": CLIENT.as_uri(), "tokens": tokens, "watches": watches}
    return PAGE % {name: json.dumps(value) for name, value in texts.items()}


def read(program: Program, **expected: Any) -> list[Frame]:
    """Return the lines up to the first with these values."""
    lines = []
    for text in program.lines:
        lines.append(json.loads(text))
        if expected.items() <= lines[-1].items():
            return lines
    raise AssertionError(f"no line with {expected}: {lines}")


def values(lines: list[Frame], key: str, name: str | None = None) -> list[Any]:
    """Return the values of a key in the lines, or in those of one watch."""
    return [line[key] for line in lines if key in line and name in {None, line.get("name")}]


def publish(url: str, merchant: str, ref: str | int, message: str, **more: Any) -> None:
    with peer(url) as backend:
        receipt = backend.ask(publication(merchant, ref, message=message, **more))
    assert receipt["type"] == "receipt"


def test_a_watch_gets_what_was_published_before_and_after_its_subscribe(stage: LocalStage) -> None:
    merchant = unique("shop")
    publish(stage.url, merchant, 7, "before")
    with node(page(one={"url": stage.url, "merchantId": merchant, "ref": 7})) as program:
        assert values(read(program, state="subscribed"), "message") == ["before"]
        publish(stage.url, merchant, "7", "after", type="last")
        read(program, message="after")
        assert read(program, state="closed") == [{"name": "one", "state": "closed"}]
        assert program.process.wait() == 0


def test_several_refs_and_watches_of_one_address_share_one_socket(stage: LocalStage) -> None:
    shop = {"url": stage.url, "merchantId": unique("shop")}
    merchant = shop["merchantId"]
    with node(page(one={**shop, "ref": ["7", 8]}, two={**shop, "ref": "9"})) as program:
        lines = read(program, name="two", state="subscribed")
        for ref in (9, "8", 7):
            publish(stage.url, merchant, ref, f"to {ref}", type="last" if ref != "8" else "news")
        lines += read(program, name="one", state="closed")
        assert program.process.wait() == 0
    assert values(lines, "state", "one") == ["connecting", "open", "subscribed", "closed"]
    assert values(lines, "message", "one") == ["to 8", "to 7"]
    assert values(lines, "message", "two") == ["to 9"]
    assert len(values(lines, "socket")) == 1
    # The watch that closed first unsubscribed its ref on the socket that stays open.
    frames = [(frame.get("action"), frame["ref"]) for frame in values(lines, "sent")]
    assert frames == [(None, "7"), (None, "8"), (None, "9"), ("unsubscribe", "9")]


def test_a_watch_whose_connection_was_deleted_reconnects_and_misses_nothing(
    stage: LocalStage,
    dynamodb: "DynamoDBClient",
    connections: "ApiGatewayManagementApiClient",
) -> None:
    merchant = unique("shop")
    with node(page(one={"url": stage.url, "merchantId": merchant, "ref": "7"})) as program:
        lines = read(program, state="subscribed")
        publish(stage.url, merchant, "7", "before")
        lines += read(program, message="before")
        rows = dynamodb.scan(TableName=stage.outputs["ConnectionsTableName"])["Items"]
        (mine,) = (r for r in rows if r["merchant_id#ref"]["S"].startswith(f"{merchant}#"))
        connections.delete_connection(ConnectionId=mine["connection_id"]["S"])
        publish(stage.url, merchant, "7", "meanwhile")
        lines += read(program, state="subscribed")
        publish(stage.url, merchant, "7", "after", type="last")
        lines += read(program, state="closed")
    assert values(lines, "message") == ["before", "meanwhile", "after"]
    first, second = values(lines, "sent")
    answers = [frame for frame in values(lines, "received") if frame["type"] == "subscribed"]
    assert (first.get("since"), second["since"]) == (None, answers[0]["now"])
    assert len(values(lines, "socket")) == 2
    assert any(reason.startswith("closed with 1") for reason in values(lines, "reason"))


def test_a_watch_with_since_gets_only_what_was_published_later(stage: LocalStage) -> None:
    merchant = unique("shop")
    publish(stage.url, merchant, "7", "before")
    # A replay begins ten seconds before `since`: this one is far enough in the future.
    since = "2099-01-01T00:00:00.000Z"
    watch = {"url": stage.url, "merchantId": merchant, "ref": "7", "since": since}
    with node(page(one=watch)) as program:
        lines = read(program, state="subscribed")
        publish(stage.url, merchant, "7", "later", type="last")
        lines += read(program, state="closed")
    assert values(lines, "sent")[0]["since"] == since
    assert values(lines, "message") == ["later"]


def test_a_watch_whose_merchant_id_is_not_valid_reports_the_error_and_closes(
    stage: LocalStage,
) -> None:
    with node(page(one={"url": stage.url, "merchantId": "no such#merchant", "ref": 7})) as program:
        lines = read(program, state="closed")
        assert program.process.wait() == 0
        lines += [json.loads(text) for text in program.lines]
    (error,) = (line for line in lines if "code" in line)
    assert error["requestId"]
    assert (error["code"], error["field"], error["retryable"]) == (
        "invalid_message",
        "merchant_id",
        False,
    )
    assert len(values(lines, "sent")) == 1


def test_a_watch_of_a_ref_outside_the_token_closes_and_the_other_goes_on(
    guarded: LocalStage,
) -> None:
    merchant = unique("shop")
    token = guarded.token("frontend", merchant, "7")
    backend = f"{guarded.url}?token={guarded.token('backend', merchant)}"
    shop = {"url": guarded.url, "merchantId": merchant}
    watches = {"wrong": {**shop, "ref": "8"}, "right": {**shop, "ref": "7"}}
    with node(page(token, **watches)) as program:
        lines = read(program, name="right", state="subscribed")
        publish(backend, merchant, "7", "paid", type="last")
        lines += read(program, name="right", state="closed")
        assert program.process.wait() == 0
    assert values(lines, "code", "wrong") == ["forbidden"]
    assert values(lines, "state", "wrong")[-1] == "closed"
    assert values(lines, "code", "right") == []
    assert values(lines, "message", "right") == ["paid"]
    assert values(lines, "socket") == [token]


def test_the_token_function_is_called_again_before_each_connect(guarded: LocalStage) -> None:
    merchant = unique("shop")
    good = guarded.token("frontend", merchant, "7")
    watch = {"url": guarded.url, "merchantId": merchant, "ref": "7"}
    with node(page("not.a.token", good, one=watch)) as program:
        lines = read(program, state="subscribed")
    assert values(lines, "socket") == ["not.a.token", good]
    assert values(lines, "state") == ["connecting", "waiting", "connecting", "open", "subscribed"]
    assert values(lines, "code") == []


def test_a_watch_whose_token_is_never_accepted_is_unreachable_after_three_handshakes(
    guarded: LocalStage,
) -> None:
    watch = {"url": guarded.url, "merchantId": unique("shop"), "ref": "7"}
    with node(page("not.a.token", one=watch)) as program:
        lines = read(program, code="unreachable")
    assert values(lines, "code") == ["unreachable"]
    assert values(lines, "socket") == ["not.a.token"] * 3
    assert values(lines, "retryIn")[-1] >= 45_000
