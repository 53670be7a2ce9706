"""The likely cause of each failure, as values: what no server on loopback can do."""

import socket
import ssl
import time

import jwt
import pytest

from ws_notify import ConnectionLostError, HandshakeError, RefusedError, mint_token
from ws_notify.cli import remedies
from ws_notify.cli.network import Target

KEY = "k" * 32
AWS = "abc.execute-api.eu-west-1.amazonaws.com"
URL = f"wss://{AWS}/dev"
LOCAL = "ws://localhost:4566/_aws/execute-api/abc/local"


def at(host: str, *, proxied: bool = False) -> Target:
    return Target(host, 443, secure=True, proxied=proxied)


UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
AGAIN = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.mark.parametrize(
    ("error", "target", "remedy"),
    [
        (UNKNOWN, at(AWS), "Wrong region or API id, the stack was removed, or no network"),
        (UNKNOWN, at("pay.example.com"), "Check the spelling"),
        (UNKNOWN, at("proxy.example", proxied=True), "check HTTPS_PROXY"),
        (AGAIN, at(AWS), "No name server answered"),
    ],
)
def test_a_name_that_is_not_found(error: OSError, target: Target, remedy: str) -> None:
    finding = remedies.of_name(error, target)
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
def test_a_connection_that_is_not_made(error: OSError, target: Target, remedy: str) -> None:
    assert remedy in remedies.of_connection(error, target).remedy


def test_a_certificate_that_is_not_good() -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed certificate"
    finding = remedies.of_tls(error, at(AWS))
    assert finding.what == f"The certificate is not good for {AWS}: self-signed certificate"
    assert "SSL_CERT_FILE" in finding.remedy


def handshake(status: int, url: str = URL, token: str | None = None, **more: str) -> str:
    finding = remedies.of_handshake(HandshakeError(status), url, token, more.get("origin"))
    assert finding.what == f"Refused with HTTP {status}"
    return finding.remedy


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        (f"{URL}/connect", "Leave out /connect: nothing may follow the stage, /dev"),
        (f"{URL}/a/b?token=x", "Leave out /a/b: nothing may follow the stage, /dev"),
        (f"wss://{AWS}", "The stage's name is missing at the end of the address"),
        (URL, "A wrong name of the stage at the end of the address"),
        (URL, "a wrong region or API id"),
        (LOCAL, "A wrong name of the stage at the end of the address"),
        (f"{LOCAL}/connect", "Leave out /connect: nothing may follow the stage, /local"),
        ("ws://127.0.0.1:1/dev/x", "A wrong name of the stage at the end of the address"),
    ],
)
def test_an_address_that_is_forbidden(url: str, remedy: str) -> None:
    assert remedy in handshake(403, url)


def test_an_origin_that_is_forbidden() -> None:
    remedy = handshake(403, origin="https://pay.example.com")
    assert "may not list the origin https://pay.example.com" in remedy


def token(lifetime: float, **header: str) -> str:
    claims = {"client": "frontend", "exp": int(time.time() + lifetime)}
    return jwt.encode(claims, KEY, headers=header)


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        (None, "The stage asks for a token: pass --token"),
        ("opaque", "no token (a JWT) with an end"),
        (jwt.encode({"client": "backend"}, KEY), "no token (a JWT) with an end"),
        (token(-7200), "The token ended 2."),  # hours, of a test that may start late
        (token(200_000), "more than 24 hours is refused"),
        (token(600, kid="first"), "signed with this stage's key 'first'"),
    ],
)
def test_a_token_that_is_refused(given: str | None, remedy: str) -> None:
    assert remedy in handshake(401, token=given)
    # The local AWS answers so instead.
    assert remedy in handshake(500, LOCAL, given)


def test_a_function_that_fails_on_aws_is_not_blamed_on_the_token() -> None:
    remedy = "The function connect or the authorizer failed, see its log and the runbook"
    assert handshake(500) == remedy


def test_a_refusal_names_what_the_token_allows() -> None:
    error = RefusedError("Another merchant", code="forbidden")
    given = mint_token(KEY, "first", client="frontend", merchant_id="shop", ref=["1", "2"])
    remedy = remedies.of_refusal(error, given).remedy
    assert "allows client 'frontend', merchant_id 'shop', ref ['1', '2']: choose by" in remedy
    assert "nothing that can be read" in remedies.of_refusal(error, "opaque").remedy


def test_a_refusal_that_is_not_known_says_what_to_do_itself() -> None:
    error = RefusedError("Send less", code="too_large")
    assert remedies.of_refusal(error, None).remedy == "The message says what to do"


def test_a_plain_address_that_is_cut_may_want_tls() -> None:
    error = ConnectionLostError("The connection was closed without a farewell")
    assert "wss:// instead of ws://" in remedies.of_loss(error, "ws://example.com/dev").remedy
    assert "wss://" not in remedies.of_loss(error, URL).remedy
