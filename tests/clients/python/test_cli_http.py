"""`ws-notify publish --http` and `doctor --http` against a stage over HTTP on loopback."""

import json
import re
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.clients.python.kit.aws import aws, stack_outputs
from tests.clients.python.kit.certificate import untrusted
from tests.clients.python.kit.frames import NOW, FrozenTime, error, notification
from tests.clients.python.kit.http import (
    BUSY,
    DENIED,
    EXPIRED,
    UNAUTHORIZED,
    bodies,
    receive,
    stage,
    tokens,
)
from tests.kit.loopback import HttpRequest, HttpResponse, LoopbackApi
from ws_notify import Timeouts, mint_token
from ws_notify.cli import network_checks
from ws_notify.cli.diagnosis import Finding
from ws_notify.cli.http_checks import HttpChecks
from ws_notify.cli.main import main
from ws_notify.cli.roles import Principal, Roles
from ws_notify.http_endpoint import HttpEndpoint

KEY = "k" * 32
ANONYMOUS = Principal(None)
Capture = pytest.CaptureFixture[str]


class Stage:
    """Answers publishes, and polls with what was published."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.origins: list[str | None] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        body = json.loads(request.body)
        self.origins.append(request.headers.get("origin"))
        if request.target.endswith("/publish"):
            self.published.append(body)
            return receive(request)
        found = [json.loads(notification(**{**each, "sent_at": NOW})) for each in self.published]
        return HttpResponse(200, {"type": "notifications", "notifications": found, "now": NOW})


def steps(output: str) -> list[tuple[str, str]]:
    """Return each step's sign and name."""
    return re.findall(r"^  (\S) (\w+) ", output, re.MULTILINE)


def doctor(url: str, *more: str) -> int:
    return main(["doctor", "--http", "--url", url, *more])


def token(client: Any, **more: Any) -> str:
    return mint_token(KEY, "first", client=client, merchant_id="acme", **more)


def test_publish_over_https_prints_the_receipt(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage() as api:
        monkeypatch.setenv("WS_NOTIFY_HTTP_URL", api.endpoint)
        assert main(["publish", "--http", "--token", "t", "--id", "n-1", "shop", "1", "paid"]) == 0
    assert capsys.readouterr().out.endswith("id n-1, sent at 2026-11-23T09:30:00.000Z\n")
    assert tokens(api) == ["Bearer t"]
    assert bodies(api)[0]["message"] == "paid"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (HttpResponse(400, error("invalid_message", field="ref").encode()),
         "refused, invalid_message, field ref"),
        (DENIED, "HTTP 403"),
        (404, "output HttpEndpointURL as it is"),
        (503, "`ws-notify doctor --http` finds out why"),
    ],
    ids=["400", "403", "404", "503"],
)  # fmt: skip
def test_a_publish_over_https_that_fails_exits_with_1(
    capsys: Capture, answer: HttpResponse | int, said: str
) -> None:
    with LoopbackApi(otherwise=answer) as api:
        arguments = ["--deadline", "0.2", "shop", "1", "paid"]
        assert main(["publish", "--http", "--url", api.endpoint, *arguments]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("given", [["--url", "wss://x/dev"], []], ids=["wss", "none"])
def test_without_the_url_for_https_the_usage_says_which(capsys: Capture, given: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["publish", "--http", *given, "shop", "1", "paid"])
    assert "https://..." in capsys.readouterr().err


def test_a_stage_names_its_url_for_https(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    websocket = {"WebsocketConnectEndpointURL": "wss://x/dev"}
    with stage() as api:
        outputs = stack_outputs(**websocket, HttpEndpointURL=api.endpoint)
        with aws(monkeypatch, outputs):
            assert main(["publish", "--http", "--stage", "dev", "shop", "1", "paid"]) == 0
    with aws(monkeypatch, stack_outputs(**websocket)):
        assert main(["doctor", "--http", "--stage", "dev"]) == 1
    assert "no output HttpEndpointURL" in capsys.readouterr().err


def test_doctor_over_https_runs_each_check(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_checks, "time", FrozenTime(ahead=5))
    service = Stage()
    with LoopbackApi(otherwise=service) as api:
        assert doctor(api.endpoint, "--origin", "https://pay.example") == 0
    output = capsys.readouterr().out
    assert output.splitlines()[0] == api.endpoint
    assert steps(output) == [("✓", name) for name in ("name", "connection", "publish", "poll")]
    assert "1 within the last hour" in output
    assert "This machine's clock is 5.0 s ahead" in output
    assert service.published[0]["type"] == "doctor"
    assert service.origins == ["https://pay.example"] * 2


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["--token", token("frontend", ref="9")], [("·", "publish"), ("✓", "poll")]),
        (["--token", token("backend")], [("✓", "publish"), ("✓", "poll")]),
        (["--token", token("frontend", ref="9"), "--backend-token", token("backend")],
         [("·", "publish"), ("✓", "poll")]),
    ],
    ids=["frontend", "backend", "shared"],
)  # fmt: skip
def test_doctor_over_https_checks_what_its_tokens_allow(
    capsys: Capture, given: list[str], found: list[tuple[str, str]]
) -> None:
    with LoopbackApi(otherwise=Stage()) as api:
        assert doctor(api.endpoint, *given) == 0
    assert steps(capsys.readouterr().out)[-2:] == found
    assert tokens(api)[-1] == f"Bearer {given[1]}"


BACKEND = ["--token", token("backend")]


@pytest.mark.parametrize(
    ("answer", "given", "remedy"),
    [
        (UNAUTHORIZED, [], "The stage requires a token"),
        (DENIED, BACKEND, "A denial is kept for a minute"),
        (DENIED, [], "a proxy or a firewall refused, or the URL is that of no API"),
        (DENIED, [], "a custom domain that is not mapped to the HTTP API"),
        (DENIED, ["--token", "opaque"], "The token: it is not a JWT"),
        (EXPIRED, BACKEND, "The token has ended"),
        (HttpResponse(403, error("forbidden", field="origin").encode()),
         ["--origin", "https://x"], "does not list the origin https://x: allowed_origins"),
        (HttpResponse(403, error("forbidden").encode()), BACKEND, "The token allows client"),
        (404, [], "Is it the stack's output HttpEndpointURL?"),
        (418, [], "It is not the HTTP API of a stage"),
        (302, [], "a network that wants you to sign in, a proxy, or a wrong URL"),
        (429, [], "the stage's throttling"),
        (BUSY, [], "the request's id finds it in its log"),
        (504, [], "took over 29 seconds"),
        (HttpResponse(200, b"<html>"), [], "Is it the stack's output HttpEndpointURL?"),
        ("reset", [], "Otherwise the network or a proxy"),
    ],
    ids=repr,
)  # fmt: skip
def test_doctor_over_https_says_what_an_answer_means(
    capsys: Capture, answer: Any, given: list[str], remedy: str
) -> None:
    with LoopbackApi(otherwise=answer) as api:
        assert doctor(api.endpoint, *given) == 1
    output = capsys.readouterr().out
    assert steps(output)[-1] == ("✗", "publish")
    assert remedy in output.splitlines()[-1]


@pytest.mark.parametrize("denial", [DENIED, EXPIRED], ids=["403", "exp"])
@pytest.mark.parametrize(("ahead", "said"), [(60, "ahead of"), (-60, "behind")])
def test_a_denied_token_of_a_machine_with_a_wrong_clock_is_diagnosed_as_that(
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    denial: HttpResponse,
    ahead: float,
    said: str,
) -> None:
    monkeypatch.setattr(network_checks, "time", FrozenTime(ahead=ahead))
    dated = HttpResponse(denial.status, denial.body, {"Date": "Mon, 23 Nov 2026 09:30:00 GMT"})
    with LoopbackApi(otherwise=dated) as api:
        assert doctor(api.endpoint, *BACKEND) == 1
    assert f"This machine's clock is 1 min {said} the service's" in capsys.readouterr().out


def test_a_date_that_is_none_says_nothing_of_the_clock(capsys: Capture) -> None:
    with LoopbackApi(otherwise=HttpResponse(403, b"", {"Date": "yesterday"})) as api:
        assert doctor(api.endpoint, *BACKEND) == 1
    assert "clock is" not in capsys.readouterr().out


def test_a_stage_that_does_not_answer_is_diagnosed() -> None:
    with LoopbackApi(otherwise="hang") as api:
        roles = Roles("shop", "1", ANONYMOUS, ANONYMOUS)
        checks = HttpChecks(HttpEndpoint(api.endpoint, None, Timeouts()), roles, timeout=0.1)
        with pytest.raises(Finding, match="the request was not answered within 100 ms"):
            checks.poll(ANONYMOUS)


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://192.0.2.7/dev", True), ("https://192.0.2.7/dev", False), ("http://[::1]/dev", False)],
)
def test_doctor_warns_of_tokens_without_tls_beyond_this_machine(
    url: str,
    said: bool,  # noqa: FBT001 - what is expected
) -> None:
    roles = Roles("shop", "1", ANONYMOUS, ANONYMOUS)
    with closing(HttpChecks(HttpEndpoint(url, None, Timeouts(), proxy=None), roles)) as checks:
        assert any("Without TLS" in each for each in checks.notes()) is said


def test_doctor_misses_what_it_published(capsys: Capture) -> None:
    empty = HttpResponse(200, {"notifications": [], "now": NOW})
    with stage(receive, empty) as api:
        assert doctor(api.endpoint) == 1
    assert "Published, but not among the notifications of its ref" in capsys.readouterr().out


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b'{"notifications": [], "now": "once"}'])
def test_doctor_takes_no_other_answer_for_notifications(capsys: Capture, body: bytes) -> None:
    with stage(receive, HttpResponse(200, body)) as api:
        assert doctor(api.endpoint) == 1
    assert steps(capsys.readouterr().out)[-1] == ("✗", "poll")


def test_doctor_over_https_names_an_untrusted_certificate(capsys: Capture, tmp_path: Path) -> None:
    context, _ = untrusted(tmp_path)
    with stage(tls=context) as api:
        assert doctor(api.endpoint) == 1
    output = capsys.readouterr().out
    assert steps(output)[-1] == ("✗", "TLS")
    assert "SSL_CERT_FILE" in output


def test_doctor_over_https_names_the_output_and_the_proxy(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    assert doctor("https://abc.execute-api.eu-west-9.amazonaws.com") == 1
    assert "the stack's output HttpEndpointURL has the URL" in capsys.readouterr().out
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert doctor("https://abc.execute-api.eu-west-9.amazonaws.com") == 1
    assert "It is the proxy that the environment names" in capsys.readouterr().out
