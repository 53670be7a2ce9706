"""What `make run` does around the stage; that the stage itself answers is what tests/e2e is for."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from tools import ToolError, run, welcome
from tools.deploy import LocalStage
from tools.network import addresses
from tools.outputs import write_outputs
from ws_notify.cli.stage import LOCAL_OUTPUTS

_OUTPUTS = {
    "WebsocketConnectEndpointURL": "ws://localhost:4599/_aws/execute-api/abc/local",
    "HttpEndpointURL": "http://localhost:4599/_aws/execute-api/def/local",
}


class _Server:
    """Stands for the local AWS: `living` is what happens while it lives."""

    def __init__(self, living: Callable[[], None]) -> None:
        self.wait_until_dead = living


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    before = {name: signal.getsignal(name) for name in run.SIGNALS}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


def _stage(
    monkeypatch: pytest.MonkeyPatch,
    *,
    starting: Callable[[], None] = lambda: None,
    living: Callable[[], None] = lambda: None,
    expected_auth: str = "off",
    expected_host: str = "127.0.0.1",
) -> None:
    @contextmanager
    def local_stage(*arguments: object) -> Iterator[LocalStage]:
        *_, auth, host = arguments
        assert (auth, host) == (expected_auth, expected_host)
        starting()
        yield LocalStage(_OUTPUTS, _Server(living))  # type: ignore[arg-type]

    monkeypatch.setattr(run, "local_stage", local_stage)


def test_the_outputs_are_there_exactly_while_the_stage_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[object] = []
    write_outputs(LOCAL_OUTPUTS, "local", {"stale": "of a killed run"})

    def living() -> None:
        seen.append(json.loads(LOCAL_OUTPUTS.read_text()))
        os.kill(os.getpid(), signal.SIGTERM)

    _stage(monkeypatch, starting=lambda: seen.append(LOCAL_OUTPUTS.exists()), living=living)
    assert run.run(4599) == 0
    assert seen == [False, {"OttuWsNotify-local": _OUTPUTS}]
    assert not LOCAL_OUTPUTS.exists()


@pytest.mark.parametrize("name", run.SIGNALS)
def test_a_signal_before_it_answers_is_no_success(
    monkeypatch: pytest.MonkeyPatch, name: signal.Signals
) -> None:
    _stage(monkeypatch, starting=lambda: os.kill(os.getpid(), name))
    before = signal.signal(name, signal.SIG_DFL)  # under nohup, SIGHUP is ignored, and stays so
    try:
        assert run.run(4599) == 130
    finally:
        signal.signal(name, before)
    assert not LOCAL_OUTPUTS.exists()


def test_a_server_that_dies_is_an_error_and_takes_its_outputs_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def living() -> None:
        raise ToolError("The local AWS died.")

    _stage(monkeypatch, living=living)
    with pytest.raises(ToolError, match="died"):
        run.run(4599)
    assert not LOCAL_OUTPUTS.exists()


def test_a_later_run_keeps_its_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    def living() -> None:
        write_outputs(LOCAL_OUTPUTS, "local", {"of": "a later run on another port"})
        os.kill(os.getpid(), signal.SIGINT)

    _stage(monkeypatch, living=living)
    assert run.run(4599) == 0
    assert "a later run" in LOCAL_OUTPUTS.read_text()


def test_the_example_names_the_address_and_both_sides(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _stage(monkeypatch, living=lambda: os.kill(os.getpid(), signal.SIGINT))
    run.run(4599)
    printed = capsys.readouterr().out
    assert printed.count(_OUTPUTS["WebsocketConnectEndpointURL"]) == 3
    assert '"client": "frontend"' in printed
    assert '"client": "backend"' in printed


def test_the_console_is_served_while_it_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[int] = []
    pages: list[str] = []

    def living() -> None:
        (line,) = (line for line in capsys.readouterr().out.splitlines() if "/console/" in line)
        page = urlsplit(line.strip())
        assert parse_qs(page.fragment)["url"] == [_OUTPUTS["WebsocketConnectEndpointURL"]]
        pages.append(page._replace(fragment="").geturl())
        with urlopen(pages[0], timeout=5) as answer:  # noqa: S310 - a page of this machine
            answers.append(answer.status)
        os.kill(os.getpid(), signal.SIGINT)

    _stage(monkeypatch, living=living)
    assert run.run(4599) == 0
    assert answers == [200]
    with pytest.raises(URLError):
        urlopen(pages[0], timeout=5)  # noqa: S310 - (the same)


@pytest.mark.parametrize("auth", ["optional", "required"])
def test_with_tokens_the_example_has_one_of_each_kind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], auth: str
) -> None:
    monkeypatch.setattr(LocalStage, "token", lambda _, *said: f"<{' '.join(said)}>")
    _stage(monkeypatch, living=lambda: os.kill(os.getpid(), signal.SIGINT), expected_auth=auth)
    run.run(4599, auth)
    printed = capsys.readouterr().out
    url = _OUTPUTS["WebsocketConnectEndpointURL"]
    for client, said in (("frontend", "frontend shop 42"), ("backend", "backend shop")):
        assert f"  <{said}>\n" in printed
        (line, *posts) = (line for line in printed.splitlines() if f'"client": "{client}"' in line)
        assert f"'{url}?token=<{said}>'" in line
        for post in posts:
            assert "-H 'Authorization: Bearer <backend shop>'" in post
            assert post.endswith(f" {_OUTPUTS['HttpEndpointURL']}/publish")
    assert printed.count("Authorization") == 1


def test_without_tokens_the_example_names_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _stage(monkeypatch, living=lambda: os.kill(os.getpid(), signal.SIGINT))
    run.run(4599)
    assert "token" not in capsys.readouterr().out


def test_with_every_network_a_run_names_the_address_there_and_warns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(welcome, "addresses", lambda: ["192.0.2.7", "172.17.0.1"])
    answers: list[int] = []

    def living() -> None:
        printed.append(capsys.readouterr().out)
        (line,) = (line for line in printed[0].splitlines() if "/console/" in line)
        port = urlsplit(line.strip()).port
        with urlopen(f"http://{another}:{port}/console/", timeout=5) as answer:
            answers.append(answer.status)
        os.kill(os.getpid(), signal.SIGINT)

    printed: list[str] = []
    (another, *_) = addresses() or ["127.0.0.2"]
    _stage(monkeypatch, living=living, expected_host="0.0.0.0")  # noqa: S104 - what is tested
    assert run.run(4599, host="0.0.0.0") == 0  # noqa: S104 - (the same)
    assert answers == [200]
    text = printed[0]
    assert text.count("ws://192.0.2.7:4599/_aws/execute-api/abc/local") == 3
    assert "http://192.0.2.7:" in text
    assert "http://192.0.2.7:4599/_aws/execute-api/def/local/publish" in text
    assert f"here {_OUTPUTS['WebsocketConnectEndpointURL']} stays" in text
    assert "172.17.0.1 as well" in text
    assert "Warning: everyone in the networks" in text
    assert "without TLS or a password" in text
    assert "sed -e 's/127\\.0\\.0\\.1/192.0.2.7/' -e 's/localhost/192.0.2.7/'" in text
    outputs = LOCAL_OUTPUTS.parent
    assert not list(outputs.glob("outputs*"))


def test_in_no_network_a_run_for_every_network_still_warns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(welcome, "addresses", list)
    living = partial(os.kill, os.getpid(), signal.SIGINT)
    _stage(monkeypatch, living=living, expected_host="0.0.0.0")  # noqa: S104 - what is tested
    assert run.run(4599, host="0.0.0.0") == 0  # noqa: S104 - (the same)
    printed = capsys.readouterr().out
    assert "Warning: everyone" in printed
    assert "ws://127.0.0.1:4599/" in printed


def test_by_default_nothing_is_said_of_a_network(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _stage(monkeypatch, living=lambda: os.kill(os.getpid(), signal.SIGINT))
    run.run(4599)
    assert "network" not in capsys.readouterr().out


@pytest.mark.parametrize("proxies", [{}, {"http_proxy": "http://127.0.0.1:9"}])
def test_the_commands_go_around_the_proxy_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], proxies: dict[str, str]
) -> None:
    for name in ("http", "https", "all", "no"):
        for spelled in (f"{name}_proxy", f"{name}_proxy".upper()):
            monkeypatch.delenv(spelled, raising=False)
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)
    _stage(monkeypatch, living=lambda: os.kill(os.getpid(), signal.SIGINT))
    run.run(4599)
    prefix = "  no_proxy=localhost .venv" if proxies else "  .venv"
    printed = capsys.readouterr().out
    assert printed.count(f"{prefix}/bin/wsdump ") == 2
    assert printed.count("  no_proxy=localhost curl " if proxies else "  curl ") == 1


@pytest.mark.parametrize("host", ["", "localhost", "192.0.2.7", "::", "0"])
def test_a_host_that_is_neither_of_the_two_is_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr("sys.argv", ["make run", "--port", "4599", "--host", host])
    with pytest.raises(ToolError, match=f"HOST={host} is not possible.*make run HOST=0.0.0.0"):
        run.main()


def test_an_auth_that_there_is_not_is_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["make run", "--port", "4599", "--auth", "on"])
    with pytest.raises(SystemExit):
        run.main()
    assert "argument --auth: invalid choice: 'on'" in capsys.readouterr().err
