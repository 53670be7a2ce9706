"""The likely cause of each failure, as values: what no server on loopback can do."""

import socket
import ssl

import pytest

from ws_notify import ConnectionLostError, HandshakeError, RefusedError, mint_token
from ws_notify.cli.diagnosis import (
    diagnose_connect,
    diagnose_handshake,
    diagnose_loss,
    diagnose_rejection,
    diagnose_resolution,
    diagnose_tls,
)
from ws_notify.cli.network import Target

KEY = "k" * 32
AWS = "abc.execute-api.eu-west-1.amazonaws.com"
URL = f"wss://{AWS}/dev"
CHINA = "wss://abc.execute-api.cn-north-1.amazonaws.com.cn"
CUSTOM = "wss://notify.shop.example"
LOCAL = "ws://localhost:4566/_aws/execute-api/abc/local"


def at(host: str, *, proxied: bool = False) -> Target:
    return Target(host, 443, secure=True, proxied=proxied)


UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
AGAIN = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.mark.parametrize(
    ("error", "target", "remedy"),
    [
        (UNKNOWN, at(AWS), "Wrong region or API id, the stack was removed, or no network"),
        (UNKNOWN, at("abc.execute-api.cn-north-1.amazonaws.com.cn"), "Wrong region or API id"),
        (UNKNOWN, at("pay.example.com"), "Check the spelling; a custom domain needs a DNS record"),
        (UNKNOWN, at("pay.example.com"), "that the domain's NS records lead to?"),
        (UNKNOWN, at("proxy.example", proxied=True), "check HTTPS_PROXY"),
        (AGAIN, at(AWS), "No name server answered"),
    ],
)
def test_a_name_that_is_not_resolved_is_diagnosed(
    error: OSError, target: Target, remedy: str
) -> None:
    finding = diagnose_resolution(error, target)
    assert finding.what == f"{target.host} was not found: {error.strerror}"
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("error", "target", "remedy"),
    [
        (ConnectionRefusedError(), at("localhost"), "whether `make run` is running"),
        (TimeoutError(), at(AWS), "port 443 must be open to the outside"),
        (OSError("no route"), at(AWS), "Check the network"),
        (OSError("no route"), at("proxy.example", proxied=True), "Check HTTPS_PROXY"),
    ],
)
def test_a_connection_that_is_not_accepted_is_diagnosed(
    error: OSError, target: Target, remedy: str
) -> None:
    assert remedy in diagnose_connect(error, target).remedy


def test_an_invalid_certificate_is_diagnosed() -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed certificate"
    finding = diagnose_tls(error, at(AWS))
    assert finding.what == f"The certificate is not valid for {AWS}: self-signed certificate"
    assert "SSL_CERT_FILE" in finding.remedy


def handshake(status: int, url: str = URL, origin: str | None = None) -> str:
    finding = diagnose_handshake(HandshakeError(status), url, None, origin)
    assert finding.what == f"Refused with HTTP {status}"
    return finding.remedy


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        (f"{URL}/connect", "Leave out /connect: nothing may follow the stage, /dev"),
        (f"{URL}/a/b?token=x", "Leave out /a/b: nothing may follow the stage, /dev"),
        (f"wss://{AWS}", "The stage's name is missing at the end of the URL"),
        (CHINA, "The stage's name is missing at the end of the URL"),
        (f"{CHINA}/dev/connect", "Leave out /connect: nothing may follow the stage, /dev"),
        (CUSTOM, "A custom domain: its API mapping must name the API, the stage"),
        (f"{CUSTOM}/dev", "A custom domain: leave out /dev, since the stack maps the whole name"),
        (f"{CUSTOM}/dev", "Otherwise its API mapping must name the API, the stage"),
        (URL, "A wrong name of the stage at the end of the URL"),
        (URL, "a wrong region or API id"),
        (LOCAL, "A wrong name of the stage at the end of the URL"),
        (f"{LOCAL}/connect", "Leave out /connect: nothing may follow the stage, /local"),
        ("ws://127.0.0.1:1/dev/x", "A wrong name of the stage at the end of the URL"),
    ],
)
def test_a_forbidden_url_is_diagnosed(url: str, remedy: str) -> None:
    assert remedy in handshake(403, url)


def test_an_unknown_path_of_a_custom_domain_may_mean_the_one_for_https() -> None:
    remedy = "There is a web server, but not this path: is it the stage's URL?"
    assert handshake(404, CUSTOM) == f"{remedy} A custom domain may be the one for HTTPS"
    assert handshake(404) == handshake(404, LOCAL) == remedy


def test_a_forbidden_origin_is_diagnosed() -> None:
    remedy = handshake(403, origin="https://pay.example.com")
    assert "may not list the origin https://pay.example.com" in remedy


GIVEN = mint_token(KEY, "first", client="backend", merchant_id="shop")


@pytest.mark.parametrize(
    ("given", "fault", "remedy"),
    [
        (None, None, "The stage requires a token: pass --token"),
        (GIVEN, "alg is wrong", "The token: alg is wrong; `ws-notify token --help` mints one"),
        (GIVEN, None, "signed with this stage's key 'first' (and not another stage's)"),
    ],
)
def test_a_rejected_token_is_diagnosed(given: str | None, fault: str | None, remedy: str) -> None:
    assert remedy in diagnose_handshake(HandshakeError(401), URL, given, fault=fault).remedy
    # The local AWS answers so instead.
    for local in (LOCAL, LOCAL.replace("localhost", "192.168.1.7"), "ws://127.0.0.1:4566/x"):
        assert remedy in diagnose_handshake(HandshakeError(500), local, given, fault=fault).remedy


@pytest.mark.parametrize("url", [URL, f"{CHINA}/dev", CUSTOM, f"{CUSTOM}/payments"])
def test_a_server_error_on_aws_is_not_attributed_to_the_token(url: str) -> None:
    remedy = "The function connect or the authorizer failed, see its log and the runbook"
    assert handshake(500, url) == remedy


def test_a_forbidden_frame_is_diagnosed_with_the_claims_of_the_token() -> None:
    error = RefusedError("Another merchant", code="forbidden")
    given = mint_token(KEY, "first", client="frontend", merchant_id="shop", ref=["1", "2"])
    remedy = diagnose_rejection(error, given).remedy
    assert "allows client 'frontend', merchant_id 'shop', ref ['1', '2']: choose by" in remedy
    assert "nothing readable" in diagnose_rejection(error, "opaque").remedy


def test_an_unknown_error_is_diagnosed_by_its_own_message() -> None:
    error = RefusedError("Send less", code="too_large")
    assert diagnose_rejection(error, None).remedy == "The message says what to do"


def test_a_ws_url_that_is_closed_is_diagnosed_as_missing_tls() -> None:
    error = ConnectionLostError("The connection was closed without a close frame")
    assert "wss:// instead of ws://" in diagnose_loss(error, "ws://example.com/dev").remedy
    assert "wss://" not in diagnose_loss(error, URL).remedy
