"""The installed command `ws-notify` against deployed stages."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import boto3
import jwt
import pytest

from tests.kit.peer import TIMEOUT, unique
from tools.deploy import STAGE, LocalStage
from tools.outputs import write_outputs
from ws_notify.cli.stage import LOCAL_OUTPUTS

PROGRAM = Path(sys.executable).with_name("ws-notify")
OTHERS = ("AWS_", "WS_NOTIFY_", "PYTHONUNBUFFERED")


class Terminal:
    """A folder in which `make run` runs, and the command's results there."""

    def __init__(self, folder: Path, stage: LocalStage) -> None:
        write_outputs(folder / LOCAL_OUTPUTS, STAGE, stage.outputs)
        self.url = stage.url
        self.http_url = stage.http_url
        self._folder = folder

    @contextmanager
    def running(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        kept = {name: os.environ[name] for name in os.environ if not name.startswith(OTHERS)}
        process = subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=self._folder,
            env={**kept, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # So that reading a line that never comes ends.
        timer = Timer(TIMEOUT, process.kill)
        timer.start()
        with process:
            try:
                yield process
            finally:
                timer.cancel()
                process.kill()

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Return the exit status, the standard output and the standard error."""
        with self.running(*arguments, **environment) as process:
            output, errors = process.communicate(timeout=TIMEOUT)
        return process.returncode, output, errors

    def succeed(self, *arguments: str, **environment: str) -> str:
        status, output, errors = self.run(*arguments, **environment)
        assert (status, errors) == (0, "")
        return output


@pytest.fixture
def local(stage: LocalStage, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, stage)


@pytest.fixture
def locked(guarded: LocalStage, tmp_path: Path) -> Terminal:
    """Return one where the stage requires tokens."""
    return Terminal(tmp_path, guarded)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def wait_until_listening(process: subprocess.Popen[str]) -> None:
    assert process.stderr
    assert process.stderr.readline().startswith("listening to ")


def ctrl_c(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, output, errors) == (130, "", "")


def test_listen_prints_each_notification_of_its_refs_at_once_until_ctrl_c(local: Terminal) -> None:
    shop = unique("shop")
    local.succeed("publish", "--stage", "local", shop, "1", "before")
    with local.running("listen", "--stage", "local", shop, "1", "2") as listening:
        assert line(listening).endswith("  1  done    before\n")
        wait_until_listening(listening)
        output = local.succeed("publish", "--url", local.url, shop, "2", "no", "--status", "failed")
        assert output.startswith("stored, accepted by 1 connection\nid ")
        assert re.fullmatch(r"\d\d:\d\d:\d\d +\d+ ms  2  failed  no\n", line(listening))
        ctrl_c(listening)


def test_listen_with_json_prints_the_notification_as_delivered(local: Terminal) -> None:
    shop = unique("shop")
    more = ("--id", "n-1", "--project", "checkout", "--type", "payment")
    receipt = json.loads(
        local.succeed("publish", "--stage", "local", "--json", shop, "1", "paid", *more)
    )
    received = json.loads(
        local.succeed("listen", "--json", "--count", "1", shop, "1", WS_NOTIFY_URL=local.url)
    )
    assert received == {
        "client": "backend",
        "merchant_id": shop,
        "ref": "1",
        "project": "checkout",
        "type": "payment",
        "status": "done",
        "message": "paid",
        "id": "n-1",
        "sent_at": receipt["sent_at"],
    }


@pytest.mark.parametrize("where", ["stage", "url", "environment"])
def test_publish_over_https_is_heard_by_who_listens(local: Terminal, where: str) -> None:
    shop = unique("shop")
    named = {"stage": ("--stage", "local"), "url": ("--url", local.http_url), "environment": ()}
    with local.running("listen", "--stage", "local", shop, "1") as listening:
        wait_until_listening(listening)
        publish = ("publish", "--http", *named[where], shop, "1", "paid", "--id", "n-1")
        output = local.succeed(*publish, WS_NOTIFY_HTTP_URL=local.http_url)
        assert output.startswith("stored, accepted by 1 connection\nid n-1, ")
        assert line(listening).endswith("  1  done    paid\n")
        ctrl_c(listening)
    assert local.succeed(*publish, WS_NOTIFY_HTTP_URL=local.http_url).startswith("had been stored")


def test_publish_over_https_mints_its_token_or_takes_the_one_that_it_is_given(
    locked: Terminal, guarded: LocalStage
) -> None:
    shop = unique("shop")
    publish = ("publish", "--http", "--url", locked.http_url, shop, "1", "paid")
    locked.succeed("publish", "--http", "--stage", "local", shop, "1", "paid")
    locked.succeed(*publish, WS_NOTIFY_TOKEN=guarded.token("backend", shop))
    for token, said in (
        ("", "HTTP 401. The token is missing or invalid"),
        ("not.a.token", "HTTP 403. The stage's authorizer denies the token"),
        (guarded.token("backend", "another"), "forbidden, field merchant_id"),
        (guarded.token("frontend", shop, "1"), "forbidden, field client"),
    ):
        status, output, errors = locked.run(*publish, WS_NOTIFY_TOKEN=token)
        assert (status, output) == (1, "")
        assert said in errors


def test_publish_with_a_stored_id_prints_a_duplicate_or_an_error(local: Terminal) -> None:
    publish = ("publish", "--stage", "local", unique("shop"), "1", "paid", "--id", "n-1")
    assert local.succeed(*publish).startswith("stored, accepted by 0 connections\nid n-1, ")
    assert local.succeed(*publish).startswith("had been stored before, ")
    status, _, errors = local.run(*publish, "--status", "failed")
    assert status == 1
    assert errors.startswith("error: refused, invalid_message, field id: ")


def test_tokens_of_the_token_command_permit_listen_and_publish_of_their_refs_only(
    locked: Terminal,
) -> None:
    shop = unique("shop")

    def token(client: str, *more: str) -> str:
        who = ("--client", client, "--merchant", shop, *more)
        return locked.succeed("token", "--stage", "local", *who).strip()

    frontend, backend = token("frontend", "--ref", "1", "2"), token("backend")
    listen = ("listen", "--url", locked.url, shop, "1", "2")
    with locked.running(*listen, WS_NOTIFY_TOKEN=frontend) as listening:
        wait_until_listening(listening)
        output = locked.succeed(
            "publish", "--url", locked.url, shop, "2", "paid", WS_NOTIFY_TOKEN=backend
        )
        assert "accepted by 1 connection\n" in output
        assert line(listening).endswith("  2  done    paid\n")
        ctrl_c(listening)
    status, _, errors = locked.run("listen", "--url", locked.url, "--token", frontend, shop, "3")
    assert status == 1
    assert errors.startswith("error: forbidden: ")


def test_listen_and_publish_with_a_stage_name_mint_their_tokens(locked: Terminal) -> None:
    shop = unique("shop")
    with locked.running("listen", "--stage", "local", shop, "1") as listening:
        wait_until_listening(listening)
        locked.succeed("publish", "--stage", "local", shop, "1", "paid")
        assert line(listening).endswith("  1  done    paid\n")
        ctrl_c(listening)


def steps(output: str) -> list[str]:
    return re.findall(r"^  (\S \w+) ", output, re.MULTILINE)


def expired(guarded: LocalStage) -> str:
    """Return a token of this stage that expired a minute ago."""
    ((kid, key),) = guarded.keys().items()
    claims = {"client": "backend", "merchant_id": "shop", "exp": int(time.time()) - 60}
    return jwt.encode(claims, key, headers={"kid": kid})


def test_doctor_on_a_stage_without_tokens_passes_every_check(local: Terminal) -> None:
    output = local.succeed("doctor", "--stage", "local")
    names = ("name", "connection", "handshake", "subscribe", "publish", "delivery")
    assert steps(output) == [f"✓ {name}" for name in names]
    assert "accepted 1, gone 0, failed 0" in output
    assert "Leave out /connect" in local.succeed("doctor", "--url", f"{local.url}/connect")


def test_doctor_on_a_stage_that_requires_tokens_passes_every_check(locked: Terminal) -> None:
    output = locked.succeed("doctor", "--stage", "local")
    assert steps(output).count("✓ handshake") == 2
    assert "✓ delivery" in steps(output)
    assert "Both tokens were minted with the stage's key" in output


def test_doctor_over_https_passes_every_check(local: Terminal) -> None:
    output = local.succeed("doctor", "--http", "--stage", "local")
    assert steps(output) == [f"✓ {name}" for name in ("name", "connection", "publish", "poll")]
    assert ", 1 within the last hour" in output
    assert "clock is" not in output


def test_doctor_over_https_with_tokens_passes_every_check(
    locked: Terminal, guarded: LocalStage
) -> None:
    output = locked.succeed("doctor", "--http", "--stage", "local")
    assert steps(output)[-2:] == ["✓ publish", "✓ poll"]
    assert "Both tokens were minted with the stage's key" in output
    page = guarded.token("frontend", unique("shop"), "1")
    given = locked.succeed("doctor", "--http", "--url", locked.http_url, WS_NOTIFY_TOKEN=page)
    assert steps(given)[-2:] == ["· publish", "✓ poll"]


@pytest.mark.parametrize(
    ("changed", "failed", "remedy"),
    [
        (lambda url: f"{url}/publish", "publish", "Leave out /publish"),
        (lambda url: f"{url}/notifications/", "publish", "Leave out /notifications"),
        (lambda url: url.replace("notify-http", "x"), "publish", "output HttpEndpointURL"),
        (lambda url: re.sub("/local$", "/prod", url), "publish", "output HttpEndpointURL"),
        (lambda url: re.sub(r":\d+/", ":1/", url), "connection", "`make run` is running"),
        (lambda url: url.replace("http://", "https://"), "TLS", "http:// instead of https://"),
        (lambda url: url.replace("localhost", "nowhere.invalid"), "name", ""),
    ],
    ids=["publish", "notifications", "API id", "stage", "port", "TLS", "name"],
)
def test_doctor_over_https_with_a_wrong_address_names_the_failed_check_and_a_remedy(
    local: Terminal, changed: Callable[[str], str], failed: str, remedy: str
) -> None:
    status, output, _ = local.run("doctor", "--http", "--url", changed(local.http_url))
    assert status == 1
    assert steps(output)[-1] == f"✗ {failed}"
    assert remedy in output.splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "url", "said"),
    [
        (["--http"], "url", "ws:// is for Client, and for commands without --http"),
        ([], "http_url", "http:// is for HttpPublisher, and for --http"),
    ],
    ids=["--http", "without"],
)
def test_doctor_with_the_url_of_the_other_kind_says_which_takes_it(
    local: Terminal, given: list[str], url: str, said: str
) -> None:
    status, _, errors = local.run("doctor", *given, "--url", getattr(local, url))
    assert status == 2
    assert said in errors


@pytest.mark.parametrize(
    ("given", "remedy"),
    [("", "The stage requires a token"), ("x", "it is not a JWT"), ("old", "expired 1 min ago")],
)
def test_doctor_over_https_with_an_invalid_token_fails_the_publish_with_a_remedy(
    locked: Terminal, guarded: LocalStage, given: str, remedy: str
) -> None:
    token = expired(guarded) if given == "old" else given
    status, output, _ = locked.run("doctor", "--http", "--url", locked.http_url, "--token", token)
    assert status == 1
    assert steps(output)[-1] == "✗ publish"
    assert remedy in output


@pytest.mark.parametrize(
    ("changed", "failed", "remedy"),
    [
        (lambda url: url.replace("execute-api/", "execute-api/x"), "handshake", "a wrong region"),
        (lambda url: re.sub(r":\d+/", ":1/", url), "connection", "`make run` is running"),
        (lambda url: url.replace("ws://", "wss://"), "TLS", "ws:// instead of wss://"),
        (lambda url: url.replace("localhost", "nowhere.invalid"), "name", ""),
    ],
    ids=["API id", "port", "TLS", "name"],
)
def test_doctor_with_a_wrong_address_names_the_failed_check_and_a_remedy(
    local: Terminal, changed: Callable[[str], str], failed: str, remedy: str
) -> None:
    status, output, _ = local.run("doctor", "--url", changed(local.url))
    assert status == 1
    assert steps(output)[-1] == f"✗ {failed}"
    assert remedy in output.splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "remedy"),
    [("", "The stage requires a token"), ("x", "it is not a JWT"), ("old", "expired 1 min ago")],
)
def test_doctor_with_an_invalid_token_fails_the_handshake_with_a_remedy(
    locked: Terminal, guarded: LocalStage, given: str, remedy: str
) -> None:
    token = expired(guarded) if given == "old" else given
    status, output, _ = locked.run("doctor", "--url", locked.url, "--token", token)
    assert status == 1
    assert steps(output)[-1] == "✗ handshake"
    assert remedy in output


def test_bench_with_json_counts_every_receipt_and_delivery(local: Terminal) -> None:
    more = ("--count", "20", "--rate", "50", "--subscribers", "2")
    status, output, errors = local.run("bench", "--stage", "local", "--json", *more)
    assert status == 0
    assert errors.startswith("publishing 20 to ws-notify-bench bench-")
    figures: dict[str, Any] = json.loads(output)
    assert (figures["receipts"], figures["deliveries"], figures["missing"]) == (20, 40, 0)
    assert 0 < figures["delivery_ms"]["p50"] <= figures["delivery_ms"]["max"]


def test_bench_on_a_stage_that_requires_tokens_draws_a_histogram(locked: Terminal) -> None:
    status, output, _ = locked.run("bench", "--stage", "local", "--count", "5", "--rate", "50")
    assert status == 0
    assert re.search(r"^ +[\d.]+ ms  █+ +\d+$", output, re.MULTILINE)
    assert "\n5 of 5 deliveries, 5 of 5 receipts, " in output


@pytest.mark.parametrize("command", [["doctor"], ["doctor", "--http"], ["bench"]], ids=" ".join)
def test_a_stage_name_is_resolved_by_the_outputs_of_its_stack(
    guarded: LocalStage, session: boto3.Session, tmp_path: Path, command: list[str]
) -> None:
    terminal = Terminal(tmp_path, guarded)
    name = unique("stack")
    named = ("WebsocketConnectEndpointURL", "HttpEndpointURL", "TokenKeysSecretArn")
    template = {
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {output: {"Value": guarded.outputs[output]} for output in named},
    }
    stacks = session.client("cloudformation", endpoint_url=guarded.endpoint)
    stacks.create_stack(StackName=f"OttuWsNotify-{name}", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(
        StackName=f"OttuWsNotify-{name}", WaiterConfig={"Delay": 1}
    )
    more = ("--count", "2") if command == ["bench"] else ()
    status, output, _ = terminal.run(*command, "--stage", name, *more, **guarded.environment)
    assert (status, "✗" in output) == (0, False)
