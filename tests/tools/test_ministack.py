import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import ToolError
from tools.ministack import answers, free_port, ministack, server_environment, usable_port

# Starts a local AWS and is then killed without a chance to clean up.
_STARTER = """
import sys
from pathlib import Path
from tools.ministack import ministack
with ministack(Path(sys.argv[1]), int(sys.argv[2])) as server:
    server.wait_until_ready()
    print(server.pid, flush=True)
    sys.stdin.read()
"""


def test_it_answers_on_loopback_and_leaves_nothing_behind(tmp_path: Path) -> None:
    port = free_port()
    with ministack(tmp_path, port) as server:
        server.wait_until_ready()
        assert server.endpoint == f"http://127.0.0.1:{port}"
        assert answers(port)
        assert os.getpgid(server.pid) == server.pid
    with pytest.raises(ProcessLookupError):
        os.killpg(server.pid, 0)
    assert not answers(port)
    assert [path.name for path in tmp_path.iterdir()] == ["ministack.log"]


def test_it_does_not_outlive_a_starter_that_is_killed(tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        (sys.executable, "-c", _STARTER, str(tmp_path), str(port)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout
        assert int(starter.stdout.readline())
        assert answers(port)
        starter.kill()
    deadline = time.monotonic() + 10
    while answers(port):
        assert time.monotonic() < deadline


def test_one_that_dies_at_its_start_tells_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with ministack(tmp_path, port) as server, pytest.raises(ToolError, match="already in use"):
            server.wait_until_ready()


def test_one_that_dies_later_is_reported(tmp_path: Path) -> None:
    with ministack(tmp_path, free_port()) as server:
        server.wait_until_ready()
        server.child.process.kill()
        with pytest.raises(ToolError, match=r"died(.|\n)*ministack\.log"):
            server.wait_until_dead()


def test_what_the_functions_inherit_is_nothing_of_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE", "PYTHONPATH"):
        monkeypatch.setenv(name, "the caller's")
    environment = server_environment(4566, tmp_path)
    assert "the caller's" not in environment.values()
    assert environment["BIND_HOST"] == "127.0.0.1"
    everywhere = server_environment(4566, tmp_path, "0.0.0.0")  # noqa: S104 - what is tested
    assert everywhere == {**environment, "BIND_HOST": "0.0.0.0"}  # noqa: S104 - (the same)
    names = ("AWS_REGION", "AWS_DEFAULT_REGION", "MINISTACK_REGION")
    assert {environment[name] for name in names} == {"eu-west-1"}


def test_a_taken_port_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ToolError, match=rf"Port {port} is taken.*make run PORT="):
            usable_port(str(port))


@pytest.mark.parametrize("text", ["", "abc", "0", "-1", "65536", "4566 ", "٤٥٦٦", "45.66"])
def test_what_is_no_port_is_a_clear_error(text: str) -> None:
    with pytest.raises(ToolError, match=r"is no port.*make run PORT=4567"):
        usable_port(text)


def test_a_free_port_is_usable() -> None:
    port = free_port()
    assert usable_port(str(port)) == port
