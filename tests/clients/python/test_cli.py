"""The command as a shell sees it: help, exit statuses, colours, pipes and Ctrl-C."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.clients.python.kit.server import TIMEOUT, Visit, scripted
from tests.clients.python.kit.service import Service
from ws_notify.cli.main import main

COMMANDS = ["listen", "publish", "token", "doctor", "bench"]
PROGRAM = [sys.executable, "-m", "ws_notify"]


def ended(*arguments: str) -> int:
    """Run in this process; return the exit status, whichever way it comes."""
    try:
        return main(arguments)
    except SystemExit as error:
        return int(error.code or 0)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,  # and buffered: a command must flush what it prints
    )
    overdue = threading.Timer(2 * TIMEOUT, process.kill)  # ends a `readline` without a line
    overdue.start()
    with process:
        try:
            yield process
        finally:
            overdue.cancel()
            process.kill()


def shown(*arguments: str, **environment: str) -> str:
    """Return what a terminal would show."""
    terminal, side = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=side,
        stdout=side,
        stderr=side,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    os.close(side)
    output = b""
    try:
        while some := os.read(terminal, 65536):
            output += some
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(terminal)
    process.wait(TIMEOUT)
    return output.decode()


def nowhere() -> str:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return f"ws://127.0.0.1:{unused.getsockname()[1]}/dev"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_with_help_prints_an_example(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert ended(command, "--help") == 0
    output = capsys.readouterr().out
    assert f"example:\n  {'export' if command == 'token' else f'ws-notify {command} '}" in output
    assert max(map(len, output.splitlines())) <= 110


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--help") == 0
    assert re.findall(r"^    (\w+) ", capsys.readouterr().out, re.MULTILINE) == COMMANDS


def test_the_version_option_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert re.fullmatch(r"ws-notify \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["listen"], "required: MERCHANT, REF"),
        (["listen", "shop", "1"], "Which stage? Pass --url wss://... or --stage dev"),
        (["listen", "--url", "https://x/dev", "shop", "1"], "Not the URL of a stage"),
        (["listen", "--url", "ws://x/dev", "--stage", "dev", "shop", "1"], "not allowed with"),
        (["listen", "--url", "ws://x/dev", "--count", "0", "shop", "1"], "at least 1"),
        (["publish", "--url", "ws://x/dev", "shop", "1"], "required: MESSAGE"),
        (["publish", "--url", "ws://x/dev", "--deadline", "0", "s", "1", "m"], "more than 0"),
        (["publish", "--url", "ws://x/dev", "--status", "paid", "s", "1", "m"], "invalid choice"),
        (["publish", "--url", "ws://x/dev", "s", "1", "\udc80"], "surrogate pair"),
        (["token", "--client", "backend"], "required: --merchant"),
        (["token", "--client", "backend", "--merchant", "shop"], "--kid is missing"),
        (["token", "--client", "backend", "--merchant", "s", "--lifetime", "86400"], "less than"),
        (["token", "--client", "backend", "--merchant", "s", "--lifetime", "0"], "more than 0"),
        (["bench", "--url", "ws://x/dev", "--count", "0"], "1 to a million"),
        (["bench", "--url", "ws://x/dev", "--rate", "0"], "more than 0"),
        (["doctor"], "Which stage?"),
    ],
)
def test_wrong_usage_exits_with_2_and_prints_the_usage(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert ended(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("usage: ws-notify")
    assert message in " ".join(captured.err.split())


def test_a_failure_exits_with_1_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("publish", "--url", nowhere(), "--deadline", "0.2", "shop", "1", "m") == 1
    assert capsys.readouterr().err.startswith("error: No receipt within 0.2 s; the last try: ")


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_are_used_only_where_the_terminal_supports_them(variables: dict[str, str]) -> None:
    output = shown("doctor", "--url", nowhere())
    assert "\033[31m✗\033[0m connection" in output
    assert "\033" not in shown("doctor", "--url", nowhere(), **variables)


def test_output_to_a_pipe_has_no_colours() -> None:
    with running("doctor", "--url", nowhere()) as process:
        output, _ = process.communicate(timeout=TIMEOUT)
    assert "✗ connection" in output
    assert "\033" not in output
    assert process.returncode == 1


def test_output_in_ascii_has_words_instead_of_symbols() -> None:
    output = shown("doctor", "--url", nowhere(), PYTHONIOENCODING="ascii")
    assert re.search(r"ok\S* name", output)
    assert re.search(r"no\S* connection", output)


class Silent:
    """A script that sets an event at the first frame, and answers nothing."""

    def __init__(self) -> None:
        self.received = threading.Event()

    def __call__(self, visit: Visit) -> None:
        visit.receive()
        self.received.set()
        visit.wait_until_closed()


@pytest.mark.parametrize(
    "arguments",
    [["listen", "shop", "1"], ["publish", "shop", "1", "m"], ["doctor"], ["bench"]],
    ids=lambda arguments: arguments[0],
)
def test_a_command_at_ctrl_c_exits_with_130_without_a_traceback(arguments: list[str]) -> None:
    script = Silent()
    command, *more = arguments
    with scripted(script) as server, running(command, "--url", server.url, *more) as process:
        assert script.received.wait(TIMEOUT)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert "Traceback" not in complaints
    assert "error" not in complaints.lower()


def test_a_command_whose_pipe_is_closed_exits_with_141() -> None:
    service = Service()
    with (
        scripted(service) as server,
        running("listen", "--json", "--url", server.url, "shop", "1") as process,
    ):
        assert service.listening.wait(TIMEOUT)
        assert process.stdout
        assert process.stderr
        service.deliver("1", id="1")
        assert process.stdout.readline()
        process.stdout.close()
        service.deliver("1", id="2")
        assert process.wait(TIMEOUT) == 141
        assert "Traceback" not in process.stderr.read()


def test_a_lost_connection_is_printed_once() -> None:
    cutting = threading.Event()

    def cut(visit: Visit) -> None:
        visit.answer(visit.receive())
        assert cutting.wait(TIMEOUT)
        visit.close(1001)

    listen = ("listen", "--url")
    with (
        scripted(cut, 503, 503, Service()) as server,
        running(*listen, server.url, "shop", "1") as process,
    ):
        assert process.stderr
        assert process.stderr.readline() == "listening to shop 1\n"
        cutting.set()
        lines = [process.stderr.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 130
        assert process.stderr.read() == ""
    assert lines[0] == "The connection was closed with 1001. Reconnecting\n"
    assert "HTTP 503" in lines[1]
    assert lines[2] == "listening again to shop 1\n"
