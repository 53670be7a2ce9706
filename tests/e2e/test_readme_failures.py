"""What the README's snippets do on a failure: none is taken for a success or heard twice."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from tests.e2e.test_readme import CLIENT, IN_PROCESS, INVOKE, ROOT, SOCKET
from tests.kit.loopback import HttpResponse, LoopbackApi, ScriptedResponse
from tests.kit.peer import TIMEOUT, publication

AWS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-west-1"}
NOTIFICATION = publication("shop", "12303")
CALL = "\nimport sys\nprint(json.dumps(publish(sys.argv[1], json.loads(sys.argv[2]))))"

RECEIPT = {"client": "server", "type": "receipt", "accepted": 1}
REFUSED = {
    "client": "server",
    "type": "error",
    "code": "invalid_message",
    "message": "status must be `done` or `failed`",
    "retryable": False,
    "request_id": "request-1",
}
FAILED = {**REFUSED, "code": "internal_error", "message": "try again", "retryable": True}
FUNCTION_ERROR = {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out"}
OF_API_GATEWAY = {"message": "Internal server error", "connectionId": "a", "requestId": "b"}

Frame = dict[str, Any]
Publish = Callable[[Frame], "subprocess.CompletedProcess[str]"]


def ids(frames: list[Frame]) -> set[str]:
    return {frame["id"] for frame in frames}


def run(program: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
             **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=3 * TIMEOUT,
    )  # fmt: skip


@contextmanager
def answering(*answers: Frame | None) -> Iterator[tuple[str, list[Frame]]]:
    """Yield the address of a stage that answers so, None with a close, and the frames it got."""
    frames: list[Frame] = []
    script = iter(answers)

    def handle(connection: ServerConnection) -> None:
        frames.append(json.loads(connection.recv()))
        if answer := next(script):
            connection.send(json.dumps(answer))

    with serve(handle, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}", frames
        server.shutdown()
    thread.join()


def invoke(*script: ScriptedResponse) -> tuple["subprocess.CompletedProcess[str]", list[Frame]]:
    with LoopbackApi() as api:
        api.script(*script)
        arguments = ("function", json.dumps(NOTIFICATION))
        done = run(INVOKE[1] + CALL, *arguments, AWS_ENDPOINT_URL=api.endpoint, **AWS)
        return done, [json.loads(request.body) for request in api.requests]


@pytest.mark.parametrize(
    "failure",
    [HttpResponse(200, FUNCTION_ERROR), HttpResponse(200, FAILED), 500, "reset"],
    ids=["a function error", "a retryable error", "a retry of boto3's own", "no answer"],
)
def test_an_invocation_that_failed_is_repeated_with_the_same_id(failure: ScriptedResponse) -> None:
    done, frames = invoke(failure, HttpResponse(200, RECEIPT))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == RECEIPT
    assert (len(frames), len(ids(frames))) == (2, 1)


@pytest.mark.parametrize(
    ("answer", "attempts", "text"),
    [(FUNCTION_ERROR, 3, "Task timed out"), (FAILED, 3, "try again"), (REFUSED, 1, "request-1")],
    ids=["a function error", "a retryable error", "a refusal"],
)
def test_an_invocation_that_keeps_failing_raises_with_the_text_of_the_failure(
    answer: Frame, attempts: int, text: str
) -> None:
    done, frames = invoke(*[HttpResponse(200, answer)] * 3)
    assert f"RuntimeError: not published: {answer}" in done.stderr
    assert text in done.stderr
    assert (len(frames), len(ids(frames))) == (attempts, 1)


@pytest.mark.parametrize(
    "failure",
    [FAILED, OF_API_GATEWAY, None],
    ids=["a retryable error", "one of API Gateway", "no answer"],
)
def test_a_publish_over_a_socket_that_failed_is_repeated_with_the_same_id(
    failure: Frame | None,
) -> None:
    with answering(failure, RECEIPT) as (url, frames):
        done = run(SOCKET[1] + CALL, url, json.dumps(NOTIFICATION))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == RECEIPT
    assert (len(frames), len(ids(frames))) == (2, 1)


def test_an_error_frame_is_not_taken_for_a_receipt() -> None:
    with answering(REFUSED) as (url, frames):
        done = run(SOCKET[1] + CALL, url, json.dumps(NOTIFICATION))
    assert f"RuntimeError: not published: {REFUSED}" in done.stderr
    assert len(frames) == 1


def test_a_stage_that_does_not_answer_raises_with_the_cause(unused_port: int) -> None:
    done = run(SOCKET[1] + CALL, f"ws://127.0.0.1:{unused_port}", json.dumps(NOTIFICATION))
    assert "RuntimeError: not published: {'message': " in done.stderr
    assert "refused" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("snippet", [INVOKE, SOCKET], ids=["by invocation", "over a socket"])
def test_an_id_of_the_callers_own_is_the_one_that_is_sent(snippet: tuple[str, str]) -> None:
    named = json.dumps({**NOTIFICATION, "id": "payment-12303-done"})
    with LoopbackApi() as api, answering(RECEIPT) as (url, frames):
        api.script(HttpResponse(200, RECEIPT))
        where = "function" if snippet is INVOKE else url
        run(snippet[1] + CALL, where, named, AWS_ENDPOINT_URL=api.endpoint, **AWS)
        sent = [*frames, *(json.loads(request.body) for request in api.requests)]
    assert [frame["id"] for frame in sent] == ["payment-12303-done"]


def test_the_client_raises_what_the_service_refuses() -> None:
    call = """
import json, sys
publish(sys.argv[1], None, {**json.loads(sys.argv[2]), "id": "payment-12303-done"})"""
    fields = {name: value for name, value in NOTIFICATION.items() if name != "client"}
    with answering(FAILED, REFUSED) as (url, frames):
        done = run(CLIENT[1] + call, url, json.dumps(fields))
    assert "RefusedError: invalid_message: status must be `done` or `failed`" in done.stderr
    assert len(frames) == 2


def in_process(text: str, endpoint: str) -> "subprocess.CompletedProcess[str]":
    settings = ("CONNECTIONS_TABLE", "LEDGER_TABLE", "CONNECTIONS_ENDPOINT_URL")
    return run(
        text + "\nprint(receipt)",
        **AWS,
        **dict.fromkeys(settings, endpoint),
        RETENTION_SECONDS="3600",
        AWS_ENDPOINT_URL=endpoint,
    )


def test_in_process_a_refusal_raises_with_its_text(unused_port: int) -> None:
    wrong = IN_PROCESS[1].replace('"status": "done"', '"status": "paid"')
    done = in_process(wrong, f"http://127.0.0.1:{unused_port}")
    assert "RuntimeError: not published: {" in done.stderr
    assert "status must be `done` or `failed`" in done.stderr


def test_in_process_a_retryable_error_is_repeated_and_then_raises(unused_port: int) -> None:
    text = IN_PROCESS[1].replace("sleep(attempt)", "sleep(attempt); print('attempt', attempt)")
    done = in_process(text, f"http://127.0.0.1:{unused_port}")
    attempts = [line for line in done.stdout.splitlines() if line.startswith("attempt")]
    assert attempts == ["attempt 0", "attempt 1", "attempt 2"]
    assert "'code': 'internal_error'" in done.stderr
    assert "RuntimeError: not published" in done.stderr
