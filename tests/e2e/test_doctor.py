"""`ws-notify doctor` against deployed stages, over a WebSocket and over HTTPS."""

import re
import time
from collections.abc import Callable

import jwt
import pytest

from tests.e2e.terminal import Terminal
from tests.kit.peer import unique
from tools.deploy import LocalStage


def steps(output: str) -> list[str]:
    return re.findall(r"^  (\S \w+) ", output, re.MULTILINE)


def expired(guarded: LocalStage) -> str:
    """Return a token of this stage that expired a minute ago."""
    ((kid, key),) = guarded.keys().items()
    claims = {"client": "backend", "merchant_id": "shop", "exp": int(time.time()) - 60}
    return jwt.encode(claims, key, headers={"kid": kid})


def test_doctor_on_a_stage_without_tokens_passes_every_check(local: Terminal) -> None:
    output = local.succeed("doctor", "--stage", "local")
    names = ("name", "connection", "handshake", "subscribe", "publish", "delivery")
    assert steps(output) == [f"✓ {name}" for name in names]
    assert "accepted 1, gone 0, failed 0" in output
    assert "Leave out /connect" in local.succeed("doctor", "--url", f"{local.url}/connect")


def test_doctor_on_a_stage_that_requires_tokens_passes_every_check(locked: Terminal) -> None:
    output = locked.succeed("doctor", "--stage", "local")
    assert steps(output).count("✓ handshake") == 2
    assert "✓ delivery" in steps(output)
    assert "Both tokens were minted with the stage's key" in output


def test_doctor_over_https_passes_every_check(local: Terminal) -> None:
    output = local.succeed("doctor", "--http", "--stage", "local")
    assert steps(output) == [f"✓ {name}" for name in ("name", "connection", "publish", "poll")]
    assert ", 1 within the last hour" in output
    assert "clock is" not in output


def test_doctor_over_https_with_tokens_passes_every_check(
    locked: Terminal, guarded: LocalStage
) -> None:
    output = locked.succeed("doctor", "--http", "--stage", "local")
    assert steps(output)[-2:] == ["✓ publish", "✓ poll"]
    assert "Both tokens were minted with the stage's key" in output
    page = guarded.token("frontend", unique("shop"), "1")
    given = locked.succeed("doctor", "--http", "--url", locked.http_url, WS_NOTIFY_TOKEN=page)
    assert steps(given)[-2:] == ["· publish", "✓ poll"]


@pytest.mark.parametrize(
    ("changed", "failed", "remedy"),
    [
        (lambda url: f"{url}/publish", "publish", "Leave out /publish"),
        (lambda url: f"{url}/notifications/", "publish", "Leave out /notifications"),
        (lambda url: url.replace("notify-http", "x"), "publish", "output HttpEndpointURL"),
        (lambda url: re.sub("/local$", "/prod", url), "publish", "output HttpEndpointURL"),
        (lambda url: re.sub(r":\d+/", ":1/", url), "connection", "`make run` is running"),
        (lambda url: url.replace("http://", "https://"), "TLS", "http:// instead of https://"),
        (lambda url: url.replace("localhost", "nowhere.invalid"), "name", ""),
    ],
    ids=["publish", "notifications", "API id", "stage", "port", "TLS", "name"],
)
def test_doctor_over_https_with_a_wrong_address_names_the_failed_check_and_a_remedy(
    local: Terminal, changed: Callable[[str], str], failed: str, remedy: str
) -> None:
    status, output, _ = local.run("doctor", "--http", "--url", changed(local.http_url))
    assert status == 1
    assert steps(output)[-1] == f"✗ {failed}"
    assert remedy in output.splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "url", "said"),
    [
        (["--http"], "url", "ws:// is for Client, and for commands without --http"),
        ([], "http_url", "http:// is for HttpPublisher, and for --http"),
    ],
    ids=["--http", "without"],
)
def test_doctor_with_the_url_of_the_other_kind_says_which_takes_it(
    local: Terminal, given: list[str], url: str, said: str
) -> None:
    status, _, errors = local.run("doctor", *given, "--url", getattr(local, url))
    assert status == 2
    assert said in errors


@pytest.mark.parametrize(
    ("given", "remedy"),
    [("", "The stage requires a token"), ("x", "it is not a JWT"), ("old", "expired 1 min ago")],
)
def test_doctor_over_https_with_an_invalid_token_fails_the_publish_with_a_remedy(
    locked: Terminal, guarded: LocalStage, given: str, remedy: str
) -> None:
    token = expired(guarded) if given == "old" else given
    status, output, _ = locked.run("doctor", "--http", "--url", locked.http_url, "--token", token)
    assert status == 1
    assert steps(output)[-1] == "✗ publish"
    assert remedy in output


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
def test_doctor_with_a_wrong_address_names_the_failed_check_and_a_remedy(
    local: Terminal, changed: Callable[[str], str], failed: str, remedy: str
) -> None:
    status, output, _ = local.run("doctor", "--url", changed(local.url))
    assert status == 1
    assert steps(output)[-1] == f"✗ {failed}"
    assert remedy in output.splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "remedy"),
    [("", "The stage requires a token"), ("x", "it is not a JWT"), ("old", "expired 1 min ago")],
)
def test_doctor_with_an_invalid_token_fails_the_handshake_with_a_remedy(
    locked: Terminal, guarded: LocalStage, given: str, remedy: str
) -> None:
    token = expired(guarded) if given == "old" else given
    status, output, _ = locked.run("doctor", "--url", locked.url, "--token", token)
    assert status == 1
    assert steps(output)[-1] == "✗ handshake"
    assert remedy in output
