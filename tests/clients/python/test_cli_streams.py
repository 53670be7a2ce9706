"""The command whose standard input or output is closed or full, and the fields of `publish`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.python.kit.server import TIMEOUT, scripted
from tests.clients.python.kit.service import Service
from ws_notify.cli.main import main

PROGRAM = [sys.executable, "-m", "ws_notify"]
FULL = Path("/dev/full")
NOT_SHOWN = {
    ">&-": "published as n-1, but not shown: standard output is closed",
    "> /dev/full": "published as n-1, but not shown: [Errno 28]",
}


def shell(redirection: str, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the command in a shell, with a redirection."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *PROGRAM, *arguments],
        input=given, capture_output=True, text=True, timeout=2 * TIMEOUT, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("redirection", [each for each in NOT_SHOWN if FULL.exists()])
def test_a_publish_that_cannot_be_shown_exits_with_3_and_says_so(redirection: str) -> None:
    service = Service()
    with scripted(service) as server:
        done = shell(redirection, "publish", "--url", server.url, "--id", "n-1", "shop", "1", "m")
    assert [frame["id"] for frame in service.published] == ["n-1"]
    assert (done.returncode, done.stdout) == (3, "")
    assert NOT_SHOWN[redirection] in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("redirection", ["2>&-", "<&-", "2>&- <&-"])
def test_a_publish_with_other_closed_streams_is_shown(redirection: str) -> None:
    with scripted(Service()) as server:
        done = shell(redirection, "publish", "--url", server.url, "--id", "n-1", "shop", "1", "m")
    assert done.returncode == 0, done.stderr
    assert "id n-1" in done.stdout


def test_a_failure_with_closed_output_exits_with_1() -> None:
    done = shell(
        ">&-", "publish", "--url", "ws://127.0.0.1:1/dev", "--deadline", "0.2", "s", "1", "m"
    )
    assert done.returncode == 1
    assert "No receipt within" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["publish", "--url", "ws://127.0.0.1:1/dev", "--json", "-", "s", "1", "m"],
     ["token", "--client", "backend", "--merchant", "s", "--kid", "k"]],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_closed_input_that_is_needed_is_named(arguments: list[str]) -> None:
    done = shell("<&-", *arguments)
    assert done.returncode in (1, 2)
    assert "tandard input" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["doctor", "listen"])
def test_a_result_that_full_output_does_not_take_exits_with_3(command: str) -> None:
    service = Service()
    service.published.append({"merchant_id": "shop", "ref": "1", "id": "n-1"})
    more = ["shop", "1"] if command == "listen" else []
    with scripted(service) as server:
        done = shell("> /dev/full", command, "--url", server.url, *more)
    assert done.returncode == 3
    assert "standard output: " in done.stderr
    assert "Traceback" not in done.stderr


def published(*arguments: str, given: str | None = None) -> dict[str, Any]:
    service = Service()
    with scripted(service) as server:
        done = shell("", "publish", "--url", server.url, *arguments, "shop", "1", "m",
                     given=given or "")  # fmt: skip
    assert done.returncode == 0, done.stderr
    known = ("client", "merchant_id", "ref", "project", "type", "status", "message", "id")
    return {name: value for name, value in service.published[0].items() if name not in known}


def test_fields_are_json_where_they_parse_and_text_where_not() -> None:
    options = ["amount=10.5", "paid=true", 'of={"a": [1]}', "by=Ann=B", "none=", 'text="10.100"']
    assert published(*(f"--field={option}" for option in options)) == {
        "amount": 10.5, "paid": True, "of": {"a": [1]}, "by": "Ann=B", "none": "", "text": "10.100",
    }  # fmt: skip


def test_fields_come_from_an_object_or_from_standard_input() -> None:
    assert published("--json", '{"amount": "10.100"}', "--field", "n=1") == {
        "amount": "10.100",
        "n": 1,
    }
    assert published("--json", "-", given='{"pages": [1, 2]}\n') == {"pages": [1, 2]}
    assert published("--json") == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--field", "amount"], "NAME=VALUE"),
        (["--field", "=1"], "NAME=VALUE"),
        (["--field", "ref=1"], "have options or arguments of their own"),
        (["--field", "amount=NaN"], "amount is not a number"),
        (["--field", "sent_at=1"], "Reserved by the protocol"),
        (["--json", "[1]"], "one JSON object"),
        (["--json", "{"], "one JSON object"),
    ],
)
def test_wrong_fields_are_wrong_usage(
    capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "publish",
                "--url",
                f"ws://127.0.0.1:{os.getpid() % 1000}/dev",
                *options,
                "s",
                "1",
                "m",
            ]
        )
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())
