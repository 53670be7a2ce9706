"""AWS services publish on a deployed stage: EventBridge, a queue, a state machine.

The examples are those of docs/publish-from-aws.md, run as they are.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.event_rules import EventRule
from infra.stages import LOCAL
from lambdas.layer.aws_events import PublishRefusedError
from tests.faults.proxied_stage import REF, ProxiedStage, proxied
from tests.kit.frames import queue_event
from tests.kit.peer import TIMEOUT, Peer, peer, publication, unique
from tests.kit.proxy.faults import ALWAYS, Response, Rule
from tests.kit.proxy.requests import Step
from tools.deploy import LocalStage

ROOT = Path(__file__).parents[2]
ERROR_NAME = "Runtime.HandlerError"
"""What the local AWS calls every exception of a function; AWS, by the name of its class."""

SNIPPET = re.compile(r"<!-- run by tests/e2e/test_publishers.py -->\n```\w+\n(.*?)```", re.DOTALL)
(REDRIVE,) = SNIPPET.findall((ROOT / "docs/runbook.md").read_text())
RULE, PUT_EVENT, SEND_MESSAGE, STATE_MACHINE = SNIPPET.findall(
    (ROOT / "docs/publish-from-aws.md").read_text()
)


@pytest.fixture(scope="module")
def proxied_stage(stage: LocalStage) -> Iterator[ProxiedStage]:
    with proxied(stage) as behind:
        yield behind


@pytest.fixture(scope="module")
def sqs(session: boto3.Session, stage: LocalStage) -> Any:
    return session.client("sqs", endpoint_url=stage.endpoint)


@pytest.fixture(scope="module")
def states(session: boto3.Session, stage: LocalStage) -> Any:
    return session.client("stepfunctions", endpoint_url=stage.endpoint)


@pytest.fixture
def page(stage: LocalStage) -> Iterator[Peer]:
    with peer(stage.url) as page:
        yield page


@pytest.fixture
def merchant() -> str:
    return unique("shop")


@pytest.fixture
def in_shell(stage: LocalStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the environment that of a shell in which the documents' programs run."""
    given = {
        **stage.environment,
        "PUBLISH_QUEUE_URL": stage.outputs["PublishQueueUrl"],
        "EVENT_DEAD_LETTERS_URL": stage.outputs["EventDeadLettersUrl"],
        "PUBLISH_FUNCTION_NAME": stage.outputs["PublishFunctionName"],
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)


def run_snippet(program: str, merchant: str) -> dict[str, Any]:
    """Run a program of the document for this merchant; return what its last expression gave."""
    imports, _, call = program.replace('"shop"', f'"{merchant}"').rpartition("\nboto3")
    names: dict[str, Any] = {}
    exec(imports, names)  # noqa: S102 - a program of our own document
    result: dict[str, Any] = eval(f"boto3{call}", names)  # noqa: S307 - the same
    return result


def received(sqs: Any, queue_url: str) -> dict[str, Any]:
    """Wait for a message of a dead-letter queue, and take it."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        found = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=5)
        for message in found.get("Messages", []):
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            body: dict[str, Any] = json.loads(message["Body"])
            return body
    raise AssertionError(f"no message came to {queue_url}")


@contextmanager
def redelivering_soon(sqs: Any, queue_url: str) -> Iterator[None]:
    """Let a message that failed come again after a second, rather than after three minutes."""
    name = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={name: "1"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=queue_url, Attributes=before)


# -- an event on EventBridge


def test_the_rule_of_the_document_is_the_one_that_local_has() -> None:
    assert LOCAL.event_rules == (eval(RULE, {"EventRule": EventRule}),)  # noqa: S307 - our own


@pytest.mark.usefixtures("in_shell")
def test_an_event_on_eventbridge_reaches_a_socket_with_its_id_and_every_value_as_it_was(
    page: Peer, merchant: str
) -> None:
    page.subscribe(merchant, "12303")
    put = run_snippet(PUT_EVENT, merchant)
    notification = page.receive()
    del notification["sent_at"]
    assert notification == {
        **publication(merchant, "12303", project="checkout"),
        "id": put["Entries"][0]["EventId"],
        "message": 'paid by "card"',
        "amount": {"value": "10.100", "currency": "KWD"},
    }


def test_an_event_that_is_refused_is_tried_three_times_and_then_kept_with_the_reason(
    proxied_stage: ProxiedStage, sqs: Any, merchant: str
) -> None:
    # As EventBridge invokes it: the local AWS knows a function's retries and destination only so.
    payload = {"publish": publication(merchant, REF, status="maybe", id=merchant)}
    function = proxied_stage.local.outputs["PublishFunctionName"]
    proxied_stage.functions.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(payload)
    )
    record = received(sqs, proxied_stage.local.outputs["EventDeadLettersUrl"])
    assert record["requestPayload"] == payload
    assert record["requestContext"]["approximateInvokeCount"] == 3
    text = record["responsePayload"]["errorMessage"]
    assert text.startswith("invalid_message (status): ")
    refused = [line for line in proxied_stage.log(function).splitlines() if "refused" in line]
    assert any(text.rpartition(" ")[2] in line for line in refused)


@pytest.mark.usefixtures("in_shell")
def test_the_runbooks_program_publishes_what_failed_and_leaves_what_fails_again(
    stage: LocalStage,
    sqs: Any,
    page: Peer,
    merchant: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page.subscribe(merchant, REF)
    queue_url = stage.outputs["EventDeadLettersUrl"]
    for body in (
        {"requestPayload": wrapped(merchant)},
        {"requestPayload": wrapped(merchant, status="maybe")},
        {"source": "shop.payments", "id": merchant},
    ):
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(body))
    try:
        exec(REDRIVE, {})  # noqa: S102 - a program of our own document
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
        assert [found["Attributes"][name] for name in names] == ["0", "2"]
    finally:
        sqs.purge_queue(QueueUrl=queue_url)
    assert page.receive()["id"] == "m0"
    printed = capsys.readouterr().out
    assert "failed again: " in printed
    assert "invalid_message (status)" in printed
    assert f'not delivered to Lambda: {{"source": "shop.payments", "id": "{merchant}"}}' in printed


# -- a queue


@pytest.mark.usefixtures("in_shell")
def test_a_message_of_the_queue_reaches_a_socket(page: Peer, merchant: str) -> None:
    page.subscribe(merchant, "12303")
    run_snippet(SEND_MESSAGE, merchant)
    notification = page.receive()
    assert (notification["id"], notification["message"]) == ("payment-12303-done", "paid")


def test_a_message_without_an_id_has_that_of_sqs(
    stage: LocalStage, sqs: Any, page: Peer, merchant: str
) -> None:
    page.subscribe(merchant, REF)
    body = json.dumps(publication(merchant, REF))
    sent = sqs.send_message(QueueUrl=stage.outputs["PublishQueueUrl"], MessageBody=body)
    assert page.receive()["id"] == sent["MessageId"]


def test_a_message_that_is_refused_is_kept_in_the_dead_letter_queue(
    stage: LocalStage, sqs: Any, merchant: str
) -> None:
    queue_url = stage.outputs["PublishQueueUrl"]
    body = publication(merchant, REF, status="maybe")
    with redelivering_soon(sqs, queue_url):
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(body))
        assert received(sqs, stage.outputs["QueueDeadLettersUrl"]) == body


def test_a_message_that_dynamodb_failed_is_published_when_the_queue_delivers_it_again(
    proxied_stage: ProxiedStage, sqs: Any, page: Peer, merchant: str
) -> None:
    page.subscribe(merchant, REF)
    queue_url = proxied_stage.local.outputs["PublishQueueUrl"]
    both_attempts = Rule(Step.PUT_NOTIFICATION, Response(500), 2, only=merchant)
    with redelivering_soon(sqs, queue_url), proxied_stage.proxy.injected(both_attempts):
        body = json.dumps(publication(merchant, REF))
        sent = sqs.send_message(QueueUrl=queue_url, MessageBody=body)
        assert page.receive()["id"] == sent["MessageId"]
    assert both_attempts.hits == 2
    assert page.drain() == []


# -- redelivery and failures, by invoking with what the services send


def wrapped(merchant: str, **more: Any) -> dict[str, Any]:
    return {"publish": publication(merchant, REF, id="m0", **more)}


def of_queue(merchant: str, **more: Any) -> dict[str, Any]:
    return queue_event(json.dumps(publication(merchant, REF, **more)))


PAYLOADS = pytest.mark.parametrize("payload", [wrapped, of_queue])


@PAYLOADS
def test_what_is_delivered_twice_is_posted_twice_with_one_id_and_stored_once(
    proxied_stage: ProxiedStage, page: Peer, merchant: str, payload: Any
) -> None:
    page.subscribe(merchant, REF)
    function = proxied_stage.local.outputs["PublishFunctionName"]
    for _ in range(2):
        _, failed = proxied_stage.invoke(function, payload(merchant))
        assert not failed
    assert page.receive() == page.receive()
    stored = [one for one in proxied_stage.entries(merchant) if one.startswith("notification#")]
    assert stored == ["notification#m0"]


@PAYLOADS
def test_what_dynamodb_does_not_store_fails_and_reaches_the_socket_when_it_is_sent_again(
    proxied_stage: ProxiedStage, page: Peer, merchant: str, payload: Any
) -> None:
    page.subscribe(merchant, REF)
    invoke = partial(
        proxied_stage.invoke,
        proxied_stage.local.outputs["PublishFunctionName"],
        payload(merchant),
    )
    with proxied_stage.proxy.injected(
        Rule(Step.PUT_NOTIFICATION, Response(500), ALWAYS, only=merchant)
    ):
        answer, failed = invoke()
    if failed:
        assert answer["errorMessage"].startswith("internal_error: ")
    else:
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert page.drain() == []
    answer, failed = invoke()
    assert not failed
    assert answer.get("batchItemFailures", []) == []
    assert page.receive()["id"] == "m0"


# -- a state machine


@contextmanager
def state_machine(states: Any, stage: LocalStage, merchant: str) -> Iterator[str]:
    definition = STATE_MACHINE
    for written, deployed in {
        "PUBLISH_FUNCTION_NAME": stage.outputs["PublishFunctionName"],
        '"shop"': f'"{merchant}"',
        PublishRefusedError.__name__: ERROR_NAME,
    }.items():
        assert definition.count(written) == 1
        definition = definition.replace(written, deployed)
    arn = states.create_state_machine(
        name=merchant,
        definition=definition,
        roleArn="arn:aws:iam::000000000000:role/any",
    )["stateMachineArn"]
    try:
        yield arn
    finally:
        states.delete_state_machine(stateMachineArn=arn)


def run_machine(states: Any, arn: str, **given: str) -> tuple[dict[str, Any], list[str]]:
    """Run it to its end; return its output, and the types of the events on the way."""
    started = states.start_execution(
        stateMachineArn=arn, name="order-12303", input=json.dumps({"order": "12303", **given})
    )["executionArn"]
    deadline = time.monotonic() + TIMEOUT
    while (found := states.describe_execution(executionArn=started))["status"] == "RUNNING":
        assert time.monotonic() < deadline, "the execution goes on"
    assert found["status"] == "SUCCEEDED", found
    events = states.get_execution_history(executionArn=started)["events"]
    return json.loads(found["output"]), [event["type"] for event in events]


def test_a_state_machine_publishes_with_the_id_of_its_execution_and_state(
    stage: LocalStage, states: Any, page: Peer, merchant: str
) -> None:
    page.subscribe(merchant, "12303")
    with state_machine(states, stage, merchant) as arn:
        output, _ = run_machine(states, arn, status="done", text="paid")
    assert output["notified"] == {"accepted": 1}
    notification = page.receive()
    assert (notification["id"], notification["message"]) == ("order-12303-Notify", "paid")


def test_a_state_machine_catches_a_refused_publish_by_its_name_without_another_attempt(
    stage: LocalStage, states: Any, merchant: str
) -> None:
    with state_machine(states, stage, merchant) as arn:
        output, events = run_machine(states, arn, status="maybe", text="paid")
    assert output["error"]["Error"] == ERROR_NAME
    assert "invalid_message (status)" in output["error"]["Cause"]
    assert len([event for event in events if event in {"TaskFailed", "LambdaFunctionFailed"}]) == 1
