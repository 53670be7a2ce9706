"""`ws-notify doctor` against servers that have what stages have: each step, or what is wrong."""

import re
import socket
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from tests.clients.python.kit.frames import GATEWAYS_ERROR, FrozenTime, error, receipt
from tests.clients.python.kit.server import Frame, Script, Visit, scripted
from tests.clients.python.kit.service import Service
from ws_notify import Timeouts, mint_token
from ws_notify.cli import network_checks
from ws_notify.cli.checks import Checks
from ws_notify.cli.diagnosis import Finding
from ws_notify.cli.main import main
from ws_notify.cli.roles import Principal, Roles
from ws_notify.endpoint import Endpoint

KEY = "k" * 32
Capture = pytest.CaptureFixture[str]
ANONYMOUS = Principal(None)


def steps(output: str) -> list[tuple[str, str]]:
    """Return each step's sign and name."""
    return re.findall(r"^  (\S) (\w+) ", output, re.MULTILINE)


def doctor(url: str, *more: str) -> int:
    return main(["doctor", "--url", url, *more])


def token(client: Any, **more: Any) -> str:
    return mint_token(KEY, "first", client=client, merchant_id="acme", **more)


def test_doctor_runs_and_times_each_check(capsys: Capture) -> None:
    service = Service()
    with scripted(service) as server:
        assert doctor(server.url) == 0
    output = capsys.readouterr().out
    assert output.splitlines()[0] == server.url
    names = ["name", "connection", "handshake", "subscribe", "publish", "delivery"]
    assert steps(output) == [("✓", name) for name in names]
    assert len(re.findall(r"^  ✓ \w+ +\d+ ms  ", output, re.MULTILINE)) == len(names)
    assert re.search(r"handshake .* without a token\n", output)
    assert "accepted 1, gone 0, failed 0" in output
    assert "API Gateway ends a connection without a frame for 10 minutes" in output
    (published,) = service.published
    assert (published["merchant_id"], published["type"]) == ("ws-notify-doctor", "doctor")


def test_doctor_does_not_print_the_query_of_the_url(capsys: Capture) -> None:
    with scripted(Service()) as server:
        assert doctor(f"{server.url}?token=secret") == 0
    assert "secret" not in capsys.readouterr().out


def test_a_path_after_the_stage_that_only_the_local_aws_accepts_is_noted(capsys: Capture) -> None:
    with scripted(Service()) as server:
        endpoint = server.url.removesuffix("dev") + "_aws/execute-api/abc/local"
        assert doctor(endpoint) == 0
        assert "Leave out" not in capsys.readouterr().out
        assert doctor(f"{endpoint}/connect") == 0
    assert "Leave out /connect: on AWS, nothing may follow the stage" in capsys.readouterr().out


def test_doctor_with_two_tokens_connects_with_each(capsys: Capture) -> None:
    listening, publishing = token("frontend", ref="9"), token("backend")
    with scripted(Service()) as server:
        both = ["--token", listening, "--backend-token", publishing]
        assert doctor(server.url, *both, "--ref", "9") == 0
        assert server.tokens == [f"Bearer {listening}", f"Bearer {publishing}"]
    output = capsys.readouterr().out
    assert [name for _, name in steps(output)].count("handshake") == 2
    assert "acme 9, served for 2.0 h" in output


@pytest.mark.parametrize(
    ("given", "skipped", "why"),
    [
        (["--token", token("frontend", ref="9")], "publish", "add --backend-token"),
        (["--token", token("backend")], "subscribe", "a backend's, which may only publish"),
        (
            ["--token", token("frontend", ref="9"), "--backend-token", token("backend")],
            "publish",
            "others may listen to the token's ref: --ref 9",
        ),
    ],
    ids=["frontend", "backend", "shared"],
)
def test_a_check_that_no_token_allows_is_skipped_with_the_reason(
    capsys: Capture, given: list[str], skipped: str, why: str
) -> None:
    with scripted(Service()) as server:
        assert doctor(server.url, *given) == 0
    output = capsys.readouterr().out
    assert ("·", skipped) in steps(output)
    assert why in output


def test_doctor_with_an_origin_sends_it(capsys: Capture) -> None:
    origins: list[str | None] = []

    def script(visit: Visit) -> None:
        assert visit.socket.request
        origins.append(visit.socket.request.headers.get("Origin"))
        Service()(visit)

    with scripted(script) as server:
        assert doctor(server.url, "--origin", "https://pay.example.com") == 0
    assert origins == ["https://pay.example.com"]
    assert "✓ delivery" in capsys.readouterr().out


def hs512(*_: object) -> str:
    claims = {"client": "backend", "merchant_id": "acme", "exp": int(time.time()) + 60}
    return jwt.encode(claims, "k" * 64, algorithm="HS512", headers={"kid": "first"})


def test_what_is_wrong_with_a_token_is_said_before_anything_connects(capsys: Capture) -> None:
    assert doctor("wss://nowhere.invalid/dev", "--token", hs512()) == 1
    output = capsys.readouterr().out
    assert steps(output) == [("!", "token"), ("✗", "name")]
    assert "alg in its header is 'HS512', and the service accepts HS256 alone" in output


def test_a_fault_of_a_token_is_the_remedy_where_it_is_refused(capsys: Capture) -> None:
    with scripted(401) as server:
        assert doctor(server.url, "--token", hs512()) == 1
    output = capsys.readouterr().out
    assert steps(output)[-1] == ("✗", "handshake")
    assert "The token: alg in its header is 'HS512'" in output.splitlines()[-1]
    assert hs512() not in output


def test_a_token_that_nobody_looks_at_fails_no_check(capsys: Capture) -> None:
    with scripted(Service()) as server:
        assert doctor(server.url, "--token", "opaque") == 0
    assert "! token" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "✓ token"),
        (["--merchant", "shop"], """merchant_id is "acme", and --merchant is 'shop'"""),
        (["--ref", "10"], """ref is ["9", "8"], and --ref is '10'"""),
        (["--ref", "9"], "✓ token"),
    ],
)
def test_a_token_for_another_merchant_or_ref_is_named(
    capsys: Capture, more: list[str], said: str
) -> None:
    given = token("frontend", ref=["9", "8"])
    assert doctor("wss://nowhere.invalid/dev", "--token", given, *more) == 1
    assert said in capsys.readouterr().out


def answering(*answers: str, code: int | None = None) -> Script:
    """Return a script that answers the first frame so, and then closes."""

    def script(visit: Visit) -> None:
        visit.receive()
        visit.send(*answers)
        if code is not None:
            visit.close(code)
        visit.wait_until_closed()

    return script


@pytest.mark.parametrize(
    ("script", "failed", "what", "remedy"),
    [
        (401, "handshake", "Refused with HTTP 401", "The stage requires a token: pass --token"),
        (403, "handshake", "Refused with HTTP 403", "a path segment after it, a wrong region"),
        (404, "handshake", "Refused with HTTP 404", "There is a web server"),
        (429, "handshake", "Refused with HTTP 429", "Too many at once"),
        (503, "handshake", "Refused with HTTP 503", "pass --token; `ws-notify token --help`"),
        (200, "handshake", "Refused with HTTP 200", "It is not a WebSocket API"),
        (answering(error("forbidden")), "subscribe", "forbidden", "The stage requires a token"),
        (answering(error("invalid_message")), "subscribe", "invalid_message", "an older version"),
        (answering(error("internal_error")), "subscribe", "request r-1", "finds it in its log"),
        (answering(GATEWAYS_ERROR), "subscribe", "gateway_error", "could not call the function"),
        (answering(code=1001), "subscribe", "closed with 1001", "10 minutes without a frame"),
        (answering(code=1009), "subscribe", "closed with 1009", "128 KiB and 32 KiB"),
        (
            answering(code=4000),
            "subscribe",
            "closed with 4000",
            "API Gateway does not close with this code",
        ),
        (
            answering(code=1006),
            "subscribe",
            "without a close frame",
            "Something in between closed it",
        ),
    ],
)
def test_a_failed_check_is_printed_with_a_remedy_and_ends_doctor(
    capsys: Capture, script: Script, failed: str, what: str, remedy: str
) -> None:
    with scripted(script) as server:
        assert doctor(server.url) == 1
    output = capsys.readouterr().out
    assert steps(output)[-1] == ("✗", failed)
    *_, found, advice = output.splitlines()
    assert what in found
    assert remedy in advice


def test_a_closed_port_is_diagnosed(capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert doctor(f"ws://127.0.0.1:{port}/dev") == 1
    assert f"Nothing listens at 127.0.0.1 port {port}" in capsys.readouterr().out


def test_an_unknown_name_is_diagnosed(capsys: Capture) -> None:
    assert doctor("wss://nowhere.invalid/dev") == 1
    output = capsys.readouterr().out
    assert steps(output) == [("✗", "name")]
    assert "nowhere.invalid was not found" in output


def test_a_server_without_tls_is_diagnosed(capsys: Capture) -> None:
    with scripted(Service()) as server:
        assert doctor(server.url.replace("ws://", "wss://")) == 1
    output = capsys.readouterr().out
    assert steps(output)[-1] == ("✗", "TLS")
    assert "a local stage has ws:// instead of wss://" in output


def examined(url: str, **timeouts: float) -> Checks:
    endpoint = Endpoint(url, None, Timeouts(**timeouts))
    return Checks(endpoint, Roles("shop", "12303", ANONYMOUS, ANONYMOUS), timeout=0.1)


@pytest.mark.parametrize(
    ("step", "what"),
    [
        (
            lambda it: it.subscribe(ANONYMOUS),
            "Connected, but the subscribe was not answered within",
        ),
        (lambda it: it.publish(ANONYMOUS), "Connected, but no receipt arrived within"),
        (lambda it: it.deliver(ANONYMOUS), "Published, but not delivered within"),
    ],
    ids=["subscribe", "publish", "deliver"],
)
def test_a_missing_answer_is_diagnosed(step: Callable[[Checks], object], what: str) -> None:
    with scripted(Visit.hold) as server:
        it = examined(server.url)
        it.open(ANONYMOUS)
        with pytest.raises(Finding, match=what) as raised:
            step(it)
        it.close()
    assert "an extra path segment behind the stage's name" in raised.value.remedy


def test_a_server_without_websocket_is_diagnosed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        it = examined(f"ws://127.0.0.1:{mute.getsockname()[1]}/dev", handshake=0.1)
        with pytest.raises(Finding, match="does not answer the handshake") as raised:
            it.open(ANONYMOUS)
        it.close()
    assert "not be a WebSocket server, or the wrong port" in raised.value.remedy


def test_a_receipt_of_another_publish_is_ignored() -> None:
    def script(visit: Visit) -> None:
        frame: Frame = visit.receive()
        visit.send(receipt("another", accepted=9), receipt(frame["id"], accepted=1))
        visit.wait_until_closed()

    with scripted(script) as server:
        it = examined(server.url)
        it.open(ANONYMOUS)
        assert it.publish(ANONYMOUS) == "accepted 1, gone 0, failed 0"
        it.close()


def test_clocks_that_differ_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Service()) as server:
        it = examined(server.url)
        it.open(ANONYMOUS)
        monkeypatch.setattr(network_checks, "time", FrozenTime(ahead=90))
        it.subscribe(ANONYMOUS)
        it.close()
    assert it.notes()[0].startswith("This machine's clock is 2 min ahead of the service's: ")
