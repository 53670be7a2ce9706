"""The JavaScript client under Node's own WebSocket, on the deployed stage."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.node import Program, node
from tests.e2e.peer import Frame, peer, publication, unique
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient

CLIENT = Path(__file__).parents[2] / "clients/js/src/index.js"

# Prints a JSON line for each socket, what it sends and hears, and for each notification and event
# of a watch. `watches` are options of `watchRef`; they share a token function, which gives out one
# after another of `tokens`, the last for good.
PAGE = """
const say = (line) => console.log(JSON.stringify(line));
const tokens = %(tokens)s;
const token = async () => (tokens.length > 1 ? tokens.shift() : tokens[0]);
globalThis.WebSocket = class extends WebSocket {
  constructor(address) {
    super(address);
    say({ socket: new URL(address).searchParams.get('token') });
    this.addEventListener('message', ({ data }) => say({ heard: JSON.parse(data) }));
  }
  send(text) {
    super.send(text);
    say({ sent: JSON.parse(text) });
  }
};
import(%(client)s).then(({ watchRef }) => {
  for (const [name, options] of Object.entries(%(watches)s)) {
    const until = (notification) => notification.type === 'last';
    const watch = watchRef({ until, token, ...options }, ({ message }) => say({ name, message }));
    watch.addEventListener('state', ({ detail }) => say({ name, ...detail }));
    watch.addEventListener('error', ({ detail }) => say({ name, ...detail }));
  }
});
"""


def page(*tokens: str, **watches: Frame) -> str:
    texts = {"client": CLIENT.as_uri(), "tokens": tokens, "watches": watches}
    return PAGE % {name: json.dumps(value) for name, value in texts.items()}


def read(program: Program, **expected: Any) -> list[Frame]:
    """Return the lines up to one that says what is expected."""
    lines = []
    for text in program.lines:
        lines.append(json.loads(text))
        if expected.items() <= lines[-1].items():
            return lines
    raise AssertionError(f"no line says {expected}: {lines}")


def said(lines: list[Frame], key: str, name: str | None = None) -> list[Any]:
    """Return what the lines, or those of one watch, say under a key."""
    return [line[key] for line in lines if key in line and name in {None, line.get("name")}]


def publish(url: str, merchant: str, ref: str | int, message: str, **more: Any) -> None:
    with peer(url) as backend:
        receipt = backend.ask(publication(merchant, ref, message=message, **more))
    assert receipt["type"] == "receipt"


def test_a_page_hears_what_was_said_before_and_after_it_came(stage: LocalStage) -> None:
    merchant = unique("shop")
    publish(stage.url, merchant, 7, "before")
    with node(page(one={"url": stage.url, "merchantId": merchant, "ref": 7})) as program:
        assert said(read(program, state="subscribed"), "message") == ["before"]
        publish(stage.url, merchant, "7", "after", type="last")
        read(program, message="after")
        assert read(program, state="closed") == [{"name": "one", "state": "closed"}]
        assert program.process.wait() == 0


def test_several_refs_and_watches_share_one_socket(stage: LocalStage) -> None:
    shop = {"url": stage.url, "merchantId": unique("shop")}
    merchant = shop["merchantId"]
    with node(page(one={**shop, "ref": ["7", 8]}, two={**shop, "ref": "9"})) as program:
        lines = read(program, name="two", state="subscribed")
        for ref in (9, "8", 7):
            publish(stage.url, merchant, ref, f"to {ref}", type="last" if ref != "8" else "news")
        lines += read(program, name="one", state="closed")
        assert program.process.wait() == 0
    assert said(lines, "state", "one") == ["connecting", "open", "subscribed", "closed"]
    assert said(lines, "message", "one") == ["to 8", "to 7"]
    assert said(lines, "message", "two") == ["to 9"]
    assert len(said(lines, "socket")) == 1
    # The watch that closed first has left its ref on the socket that stays open.
    frames = [(frame.get("action"), frame["ref"]) for frame in said(lines, "sent")]
    assert frames == [(None, "7"), (None, "8"), (None, "9"), ("unsubscribe", "9")]


def test_a_page_whose_connection_was_deleted_comes_back_and_misses_nothing(
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
    assert said(lines, "message") == ["before", "meanwhile", "after"]
    first, second = said(lines, "sent")
    answers = [frame for frame in said(lines, "heard") if frame["type"] == "subscribed"]
    assert (first.get("since"), second["since"]) == (None, answers[0]["now"])
    assert len(said(lines, "socket")) == 2
    assert any(reason.startswith("closed with 1") for reason in said(lines, "reason"))


def test_a_page_with_since_hears_only_what_came_later(stage: LocalStage) -> None:
    merchant = unique("shop")
    publish(stage.url, merchant, "7", "before")
    # A replay overlaps `since` by ten seconds: a point in time that lies beyond them.
    since = "2099-01-01T00:00:00.000Z"
    watch = {"url": stage.url, "merchantId": merchant, "ref": "7", "since": since}
    with node(page(one=watch)) as program:
        lines = read(program, state="subscribed")
        publish(stage.url, merchant, "7", "later", type="last")
        lines += read(program, state="closed")
    assert said(lines, "sent")[0]["since"] == since
    assert said(lines, "message") == ["later"]


def test_a_page_that_is_refused_for_good_says_why_and_stops(stage: LocalStage) -> None:
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
    assert len(said(lines, "sent")) == 1


def test_a_ref_that_the_token_does_not_name_is_refused_and_the_others_go_on(
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
    assert said(lines, "code", "wrong") == ["forbidden"]
    assert said(lines, "state", "wrong")[-1] == "closed"
    assert said(lines, "code", "right") == []
    assert said(lines, "message", "right") == ["paid"]
    assert said(lines, "socket") == [token]


def test_the_token_function_is_asked_again_before_each_connect(guarded: LocalStage) -> None:
    merchant = unique("shop")
    good = guarded.token("frontend", merchant, "7")
    watch = {"url": guarded.url, "merchantId": merchant, "ref": "7"}
    with node(page("of.no.use", good, one=watch)) as program:
        lines = read(program, state="subscribed")
    assert said(lines, "socket") == ["of.no.use", good]
    assert said(lines, "state") == ["connecting", "waiting", "connecting", "open", "subscribed"]
    assert said(lines, "code") == []


def test_a_token_that_no_handshake_takes_is_said_after_three(guarded: LocalStage) -> None:
    watch = {"url": guarded.url, "merchantId": unique("shop"), "ref": "7"}
    with node(page("of.no.use", one=watch)) as program:
        lines = read(program, state="unreachable")
    assert said(lines, "code") == ["unreachable"]
    assert said(lines, "socket") == ["of.no.use"] * 3
    assert said(lines, "retryIn")[-1] >= 45_000
