"""The README's snippets run as they stand, and its samples are what the command prints."""

import json
import re
import shlex
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jwt
import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients.python.kit.aws import Answer, aws
from tests.clients.python.kit.frames import FrozenTime, error, notification, receipt, subscribed
from tests.clients.python.kit.http import bodies, stage, tokens
from tests.clients.python.kit.readme import ROOT, SNIPPETS, TEXT
from tests.clients.python.kit.server import TIMEOUT, Server, Visit, scripted
from tests.clients.python.kit.service import Service
from ws_notify import Client, LambdaPublisher
from ws_notify.cli import network_checks
from ws_notify.cli.main import main

KEY = "k" * 32
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def server() -> Iterator[Server]:
    with scripted(Service()) as running:
        yield running


def run(name: str, changed: tuple[str, str] = ("", ""), **given: Any) -> dict[str, Any]:
    """Run a snippet where these names are known; return all that are known then."""
    before, after = changed
    assert before in SNIPPETS[name]
    text = SNIPPETS[name].replace(before, after) if before else SNIPPETS[name]
    exec(compile(text, name, "exec"), given)  # noqa: S102 - the document's own
    return given


def test_every_snippet_of_the_readme_is_run() -> None:
    assert TEXT.count("```python\n") == len(re.findall(r"-->\n```python\n", TEXT))
    names = {name for name in SNIPPETS if "doctor" not in name}
    files = {"outbox/models.py", "outbox/management/commands/publish_outbox.py", "pay.py"}
    here = {
        "first",
        "publish",
        "listen",
        "since",
        "tokens",
        "asyncio",
        "lambda",
        "settings",
        "view",
        "https",
        "https asyncio",
    }
    assert names == here | files  # the files are those of test_outbox.py


def test_the_first_snippet_publishes_and_listens(server: Server, capsys: Capture) -> None:
    run("first", url=server.url, token="t")  # noqa: S106 - a token of nothing
    assert capsys.readouterr().out == "0 got it\ndone paid\n"
    assert server.tokens == ["Bearer t", "Bearer t"]


def test_the_publish_snippet_prints_the_receipt(server: Server, capsys: Capture) -> None:
    with Client(server.url) as client:
        run("publish", client=client)
    assert capsys.readouterr().out == "0 0 0 False\n"


def test_the_publish_snippet_prints_each_error(capsys: Capture) -> None:
    def refusing(visit: Visit) -> None:
        visit.receive()
        visit.send(error("invalid_message", field="ref"))
        with pytest.raises(ConnectionClosed):
            visit.socket.recv(TIMEOUT)

    with scripted(refusing) as server, Client(server.url) as client:
        run("publish", client=client)
    with scripted(Visit.hold) as server, Client(server.url) as client:
        run("publish", ("deadline=5", "deadline=0.1"), client=client)
    assert capsys.readouterr().out == (
        "invalid_message ref Do something else\nunknown; safe to repeat with report-12304\n"
    )


def test_the_listen_snippet_prints_several_refs(server: Server, capsys: Capture) -> None:
    with Client(server.url) as client:
        for ref in ("12303", "12304"):
            client.publish(
                merchant_id="shop", ref=ref, project="p", type="t", message="m", id=f"n-{ref}"
            )
        run("listen", ("timeout=30", "timeout=0.1"), client=client)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in printed] == [["12303", "n-12303"], ["12304", "n-12304"]]


def test_the_since_snippet_listens_from_then_on_until_a_payment(capsys: Capture) -> None:
    def replay(visit: Visit) -> None:
        assert visit.receive()["since"] == "2026-11-23T09:00:00.000Z"
        visit.send(notification(status="failed", message="declined"), subscribed())
        visit.send(notification(id="n-2"))
        visit.wait_until_closed()

    began = datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=3)))
    with scripted(replay) as server, Client(server.url) as client:
        run("since", client=client, order="12303", attempt_began=began)
    assert capsys.readouterr().out == "failed declined\ndone paid\n"


def test_the_tokens_snippet_mints_for_pages_and_for_the_backend(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {"first": KEY, "old": "o" * 32, "current": "first"}
    with aws(monkeypatch, Answer(json.dumps({"SecretString": json.dumps(secret)}))) as here:
        names = run("tokens", url=server.url, secret_arn="keys")  # noqa: S106 - its name
        page = jwt.decode(names["page_token"]("12303"), KEY, algorithms=["HS256"])
        assert (page["client"], page["ref"]) == ("frontend", "12303")
        with names["publisher"] as client:
            client.publish(merchant_id="shop", ref="1", project="p", type="t", message="m")
    assert len(here.requests) == 1
    (principal,) = server.tokens
    backend = jwt.decode((principal or "").split()[1], KEY, algorithms=["HS256"])
    assert backend["client"] == "backend"


def test_the_asyncio_snippet_publishes_and_listens(server: Server, capsys: Capture) -> None:
    run("asyncio", url=server.url, token=None)
    assert capsys.readouterr().out == "ready\n"


def test_the_lambda_snippet_invokes_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws(monkeypatch, Answer(receipt())) as here:
        names = run("lambda", function_name="publish-dev")
    assert isinstance(names["publisher"], LambdaPublisher)
    assert names["receipt"].accepted == 1
    assert here.payloads[0]["ref"] == "12306"


@pytest.mark.parametrize("name", ["https", "https asyncio"])
def test_the_https_snippets_publish(name: str, capsys: Capture) -> None:
    with stage() as api:
        names = run(name, http_url=api.endpoint, token="t")  # noqa: S106 - a token of nothing
        if name == "https":
            assert names["receipt"].accepted == 1
            names["publisher"].close()
    assert [body["ref"] for body in bodies(api)] == ["12307"]
    assert tokens(api) == ["Bearer t"]
    assert capsys.readouterr().out == ("" if name == "https" else "1\n")


def test_the_https_program_of_the_backends_document_publishes(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs/integrate-backend.md").read_text()
    (program,) = re.findall(r"<!-- tests: post.py -->\n```python\n(.*?)```", text, re.DOTALL)
    with stage() as api:
        monkeypatch.setenv("WS_NOTIFY_HTTP_URL", api.endpoint)
        exec(compile(program, "post.py", "exec"), {})  # noqa: S102 - the document's own
    assert [body["ref"] for body in bodies(api)] == ["12304"]
    assert capsys.readouterr().out == "1 got it\n"


def masked(text: str) -> list[str]:
    """Leave of each line what does not change from run to run."""
    return [re.sub(r" +\S*\d\S*( m?s| h)?|^\S+://\S+", " #", line) for line in text.splitlines()]


def test_the_sample_of_doctor_is_its_output(
    server: Server, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_checks, "time", FrozenTime())
    assert main(["doctor", "--url", server.url]) == 0
    assert masked(capsys.readouterr().out) == masked(SNIPPETS["doctor"])


def test_the_sample_of_a_wrong_region_is_the_output_of_doctor(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = SNIPPETS["doctor failing"]

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    assert main(["doctor", "--url", sample.splitlines()[0]]) == 1
    assert masked(capsys.readouterr().out) == masked(sample)


@pytest.mark.parametrize(
    "line", re.findall(r"^ws-notify .*", TEXT.split("## The command line")[1], re.MULTILINE)
)
def test_the_commands_of_the_readme_are_accepted(
    line: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    _, *arguments = shlex.split(line, comments=True)
    assert main([each.replace("dev", "local") for each in arguments]) == 1
    assert "Start it with `make run`" in capsys.readouterr().err
