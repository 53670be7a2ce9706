"""The command `ws-notify`, as it is installed, against deployed stages."""

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
from typing import Any

import boto3
import jwt
import pytest

from tests.kit.peer import PATIENCE, unique
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
        with process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Return the exit status, the standard output and what was said beside it."""
        with self.running(*arguments, **environment) as process:
            said, beside = process.communicate(timeout=PATIENCE)
        return process.returncode, said, beside

    def succeed(self, *arguments: str, **environment: str) -> str:
        status, said, beside = self.run(*arguments, **environment)
        assert (status, beside) == (0, "")
        return said


@pytest.fixture
def local(stage: LocalStage, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, stage)


@pytest.fixture
def locked(guarded: LocalStage, tmp_path: Path) -> Terminal:
    """Return one where the stage asks for tokens."""
    return Terminal(tmp_path, guarded)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def wait_until_it_listens(process: subprocess.Popen[str]) -> None:
    assert process.stderr
    assert process.stderr.readline().startswith("listening to ")


def ctrl_c(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    said, beside = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said, beside) == (130, "", "")


def test_listen_shows_what_publish_says_to_several_refs_until_ctrl_c(local: Terminal) -> None:
    shop = unique("shop")
    local.succeed("publish", "--stage", "local", shop, "1", "before")
    with local.running("listen", "--stage", "local", shop, "1", "2") as listening:
        assert line(listening).endswith("  1  done    before\n")
        wait_until_it_listens(listening)
        said = local.succeed("publish", "--url", local.url, shop, "2", "no", "--status", "failed")
        assert said.startswith("stored, accepted by 1 connection\nid ")
        assert re.fullmatch(r"\d\d:\d\d:\d\d +\d+ ms  2  failed  no\n", line(listening))
        ctrl_c(listening)


def test_listen_prints_json_for_other_programs(local: Terminal) -> None:
    shop = unique("shop")
    more = ("--id", "n-1", "--project", "checkout", "--type", "payment")
    receipt = json.loads(
        local.succeed("publish", "--stage", "local", "--json", shop, "1", "paid", *more)
    )
    heard = json.loads(
        local.succeed("listen", "--json", "--count", "1", shop, "1", WS_NOTIFY_URL=local.url)
    )
    assert heard == {
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


def test_a_publish_may_be_repeated_with_its_id(local: Terminal) -> None:
    publish = ("publish", "--stage", "local", unique("shop"), "1", "paid", "--id", "n-1")
    assert local.succeed(*publish).startswith("stored, accepted by 0 connections\nid n-1, ")
    assert local.succeed(*publish).startswith("had been stored before, ")
    status, _, beside = local.run(*publish, "--status", "failed")
    assert status == 1
    assert beside.startswith("error: refused, invalid_message, field id: ")


def test_the_tokens_of_token_let_others_in(locked: Terminal) -> None:
    shop = unique("shop")

    def token(client: str, *more: str) -> str:
        who = ("--client", client, "--merchant", shop, *more)
        return locked.succeed("token", "--stage", "local", *who).strip()

    frontend, backend = token("frontend", "--ref", "1", "2"), token("backend")
    listen = ("listen", "--url", locked.url, shop, "1", "2")
    with locked.running(*listen, WS_NOTIFY_TOKEN=frontend) as listening:
        wait_until_it_listens(listening)
        said = locked.succeed(
            "publish", "--url", locked.url, shop, "2", "paid", WS_NOTIFY_TOKEN=backend
        )
        assert "accepted by 1 connection\n" in said
        assert line(listening).endswith("  2  done    paid\n")
        ctrl_c(listening)
    status, _, beside = locked.run("listen", "--url", locked.url, "--token", frontend, shop, "3")
    assert status == 1
    assert beside.startswith("error: forbidden: ")


def test_with_a_stages_name_tokens_are_minted(locked: Terminal) -> None:
    shop = unique("shop")
    with locked.running("listen", "--stage", "local", shop, "1") as listening:
        wait_until_it_listens(listening)
        locked.succeed("publish", "--stage", "local", shop, "1", "paid")
        assert line(listening).endswith("  1  done    paid\n")
        ctrl_c(listening)


def steps(said: str) -> list[str]:
    return re.findall(r"^  (\S \w+) ", said, re.MULTILINE)


def test_doctor_finds_nothing_wrong(local: Terminal) -> None:
    said = local.succeed("doctor", "--stage", "local")
    names = ("name", "connection", "handshake", "subscribe", "publish", "delivery")
    assert steps(said) == [f"✓ {name}" for name in names]
    assert "accepted 1, gone 0, failed 0" in said
    assert "Leave out /connect" in local.succeed("doctor", "--url", f"{local.url}/connect")


def test_doctor_finds_nothing_wrong_with_tokens_either(locked: Terminal) -> None:
    said = locked.succeed("doctor", "--stage", "local")
    assert steps(said).count("✓ handshake") == 2
    assert "✓ delivery" in steps(said)
    assert "Both tokens were minted with the stage's key" in said


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
def test_doctor_finds_a_wrong_address(
    local: Terminal, changed: Callable[[str], str], failed: str, remedy: str
) -> None:
    status, said, _ = local.run("doctor", "--url", changed(local.url))
    assert status == 1
    assert steps(said)[-1] == f"✗ {failed}"
    assert remedy in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "remedy"),
    [("", "The stage requires a token"), ("x", "not a valid token"), ("old", "expired 1 min ago")],
)
def test_doctor_finds_a_wrong_token(
    locked: Terminal, guarded: LocalStage, given: str, remedy: str
) -> None:
    token = given
    if given == "old":
        ((kid, key),) = guarded.keys().items()
        claims = {"client": "backend", "merchant_id": "shop", "exp": int(time.time()) - 60}
        token = jwt.encode(claims, key, headers={"kid": kid})
    status, said, _ = locked.run("doctor", "--url", locked.url, "--token", token)
    assert status == 1
    assert steps(said)[-1] == "✗ handshake"
    assert remedy in said


def test_bench_measures_the_stage(local: Terminal) -> None:
    more = ("--count", "20", "--rate", "50", "--subscribers", "2")
    status, said, beside = local.run("bench", "--stage", "local", "--json", *more)
    assert status == 0
    assert beside.startswith("publishing 20 to ws-notify-bench bench-")
    figures: dict[str, Any] = json.loads(said)
    assert (figures["receipts"], figures["deliveries"], figures["missing"]) == (20, 40, 0)
    assert 0 < figures["delivery_ms"]["p50"] <= figures["delivery_ms"]["max"]


def test_bench_draws_a_histogram_with_tokens_too(locked: Terminal) -> None:
    status, said, _ = locked.run("bench", "--stage", "local", "--count", "5", "--rate", "50")
    assert status == 0
    assert re.search(r"^ +[\d.]+ ms  █+ +\d+$", said, re.MULTILINE)
    assert "\n5 of 5 deliveries, 5 of 5 receipts, " in said


@pytest.mark.parametrize("command", [["doctor"], ["bench"]], ids=lambda command: command[0])
def test_a_stage_is_found_in_the_outputs_of_its_stack(
    guarded: LocalStage, guarded_session: boto3.Session, tmp_path: Path, command: list[str]
) -> None:
    terminal = Terminal(tmp_path, guarded)
    name = unique("stack")
    named = ("WebsocketConnectEndpointURL", "TokenKeysSecretArn")
    template = {
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {output: {"Value": guarded.outputs[output]} for output in named},
    }
    stacks = guarded_session.client("cloudformation", endpoint_url=guarded.endpoint)
    stacks.create_stack(StackName=f"OttuWsNotify-{name}", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(
        StackName=f"OttuWsNotify-{name}", WaiterConfig={"Delay": 1}
    )
    more = ("--count", "2") if command == ["bench"] else ()
    status, said, _ = terminal.run(*command, "--stage", name, *more, **guarded.environment)
    assert (status, "✗" in said) == (0, False)
