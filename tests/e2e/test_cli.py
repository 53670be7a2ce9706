"""The installed command `ws-notify` against deployed stages."""

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.terminal import Terminal
from tests.kit.peer import TIMEOUT, unique
from tools.deploy import LocalStage


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
