"""What `listen` and `publish` print, and as whom they connect."""

import json
import re
from collections.abc import Callable

import pytest

from tests.clients.python.kit.frames import error, notification, receipt, subscribed
from tests.clients.python.kit.server import Visit, scripted
from tests.clients.python.kit.service import Service
from ws_notify import Timeouts
from ws_notify.cli.listen import line
from ws_notify.cli.main import main
from ws_notify.cli.tail import Interrupted, Ready, tail
from ws_notify.core import frames
from ws_notify.endpoint import Endpoint
from ws_notify.values import Notification, Topic

Capture = pytest.CaptureFixture[str]


def saying(*answers: str) -> Callable[[Visit], None]:
    """Return a script that answers the first frame so."""

    def script(visit: Visit) -> None:
        visit.receive()
        visit.send(*answers)
        visit.wait_until_closed()

    return script


def test_listen_to_several_refs_prints_each_notification_once(capsys: Capture) -> None:
    def script(visit: Visit) -> None:
        assert visit.receive()["ref"] == "1"
        visit.send(notification("1", id="a"), notification("1", id="a"), subscribed("1"))
        assert visit.receive()["ref"] == "2"
        failed = notification("2", status="failed", message="not\npaid \x1b[2J")
        visit.send(subscribed("2"), failed)
        visit.wait_until_closed()

    with scripted(script) as server:
        assert main(["listen", "--url", server.url, "--count", "2", "shop", "1", "2"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d +\S+ \S+  1  done    paid", first)
    assert second.endswith(r"  2  failed  not\npaid \x1b[2J")


def test_listen_with_json_prints_the_notification_unchanged(capsys: Capture) -> None:
    with scripted(saying(notification(amount="10.100"))) as server:
        arguments = ["listen", "--json", "--url", server.url, "--count", "1", "shop", "12303"]
        assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(notification(amount="10.100"))


def test_listen_exits_when_its_last_ref_is_rejected(capsys: Capture) -> None:
    def script(visit: Visit) -> None:
        visit.receive()
        visit.send(error("forbidden"))
        visit.receive()
        visit.send(notification("2"), error("forbidden"))
        visit.wait_until_closed()

    with scripted(script) as server:
        assert main(["listen", "--url", server.url, "shop", "1", "2"]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert captured.err.count("error: forbidden: Do something else (request r-1)") == 2


def test_listen_with_a_rejected_token_exits_with_1(capsys: Capture) -> None:
    with scripted(401) as server:
        assert main(["listen", "--url", server.url, "--token", "t", "shop", "1"]) == 1
        assert server.tokens == ["Bearer t"]
    assert "HTTP 401" in capsys.readouterr().err


def test_a_connection_that_falls_silent_is_an_interruption_until_the_next_is_ready() -> None:
    def silent(visit: Visit) -> None:
        visit.answer(visit.receive())
        visit.hold()

    timeouts = Timeouts(keep_alive=0.05, answer=0.3, backoff=0.01, longest_backoff=0.05)
    with scripted(silent, Visit.serve) as server:
        states = tail(Endpoint(server.url, None, timeouts), [Topic("shop", "1")])
        assert next(states) == Ready(again=False)
        assert next(states) == Interrupted("The connection fell silent or expired")
        assert next(each for each in states if isinstance(each, Ready)).again


def test_a_notification_without_a_valid_time_is_printed() -> None:
    received = frames.read(notification(sent_at="once"))
    assert isinstance(received, Notification)
    assert line(received, 0.0).split() == ["once", "?", "12303", "done", "paid"]


@pytest.mark.parametrize("named", ["--token", "environment"])
def test_publish_prints_the_receipt(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    answer = receipt("n-1", accepted=1, gone=2, failed=1)
    with scripted(saying(answer)) as server:
        arguments = ["publish", "--url", server.url, "--id", "n-1", "shop", "12303", "paid"]
        if named == "environment":
            monkeypatch.setenv("WS_NOTIFY_TOKEN", "t")
        else:
            arguments += ["--token", "t"]
        assert main(arguments) == 0
        assert server.tokens == ["Bearer t"]
    assert capsys.readouterr().out == (
        "stored, accepted by 1 connection, 2 connections found dead and forgotten, "
        "1 connection failed and get it at their next subscribe\n"
        "id n-1, sent at 2026-11-23T09:30:00.000Z\n"
    )


def test_publish_sends_every_option(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    with scripted(service) as server:
        monkeypatch.setenv("WS_NOTIFY_URL", server.url)
        more = ["--project", "p", "--type", "t", "--status", "failed", "--id", "n-1", "--json"]
        assert main(["publish", "shop", "12303", "not paid", *more]) == 0
    assert json.loads(capsys.readouterr().out)["accepted"] == 0
    (frame,) = service.published
    fields = {"merchant_id": "shop", "ref": "12303", "project": "p", "type": "t", "id": "n-1"}
    assert frame == {"client": "backend", "status": "failed", "message": "not paid", **fields}


def test_publish_of_a_duplicate_says_so(capsys: Capture) -> None:
    with scripted(saying(receipt("n-1", duplicate=True))) as server:
        assert main(["publish", "--url", server.url, "--id", "n-1", "shop", "1", "paid"]) == 0
    assert capsys.readouterr().out.startswith("had been stored before, accepted by 1 connection\n")


def test_a_rejected_publish_exits_with_1_and_names_the_field(capsys: Capture) -> None:
    with scripted(saying(error("invalid_message", field="ref"))) as server:
        assert main(["publish", "--url", server.url, "shop", "1", "paid"]) == 1
    expected = "error: refused, invalid_message, field ref: Do something else (request r-1)\n"
    assert capsys.readouterr().err == expected


def test_a_publish_without_a_receipt_prints_its_id(capsys: Capture) -> None:
    with scripted(Visit.hold) as server:
        arguments = ["--id", "n-1", "--deadline", "0.1", "shop", "1", "paid"]
        assert main(["publish", "--url", server.url, *arguments]) == 1
    assert (
        "Try again with id='n-1' (--id): subscribers drop the duplicate" in capsys.readouterr().err
    )
