"""What `doctor` sees in a token: whatever the service refuses, by the name of what is at fault."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.kit.forgeries import FORGERIES
from tests.kit.tokens import ABSENT, KEYS, NOW, token
from ws_notify.cli.token_faults import find_fault

GENERATED = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01"
HEXADECIMAL = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "given",
    [
        token(),
        token(ref=12303),
        token(ref=[12303, "Ré💳"], nbf=NOW + 60),
        token(client="backend", ref=ABSENT, exp=NOW + 24 * 3600, iat=NOW),
        token({"kid": "second"}, key=KEYS["second"]),
    ],
)
def test_a_good_token_has_no_fault(given: str) -> None:
    assert find_fault(given, NOW, KEYS) is None
    assert find_fault(given, NOW) is None


NAMED = {
    "alg is not HS256": "alg in its header",
    "unknown kid": "kid in its header",
    "no kid": "kid in its header",
    "client": "client",
    "merchant_id": "merchant_id",
    "ref": "ref",
    "exp": "exp",
    "MissingRequiredClaimError": "exp is",
    "nbf": "nbf",
    "InvalidSignatureError": "its signature is not by the key",
}
LISTED = {
    name: (text, NAMED[reason])
    for name, (text, reason) in FORGERIES.items()
    if reason in NAMED and not name.startswith("signed, but") and len(text.split(".")) == 3
}


@pytest.mark.parametrize("attempt", LISTED)
def test_what_the_service_refuses_a_token_for_is_named(attempt: str) -> None:
    given, named = LISTED[attempt]
    assert (find_fault(given, NOW, KEYS) or "no fault").startswith(named)


LENIENT = {"too much padding", "base64's other alphabet", "junk within the signature", "not ASCII"}
"""Python reads such base64, as PyJWT does not."""


@pytest.mark.parametrize("attempt", sorted(FORGERIES.keys() - LENIENT))
def test_whatever_the_service_refuses_has_a_fault(attempt: str) -> None:
    assert find_fault(FORGERIES[attempt][0], NOW, KEYS)


@pytest.mark.parametrize("key", [GENERATED, HEXADECIMAL])
def test_a_key_that_a_library_decoded_is_named(key: str) -> None:
    raw = {GENERATED: base64.b64decode(GENERATED), HEXADECIMAL: bytes.fromhex(HEXADECIMAL)}[key]
    given = _signed_by(raw)
    assert "decoded as " in (find_fault(given, NOW, {"first": key}) or "")
    assert find_fault(given, NOW) is None


def _signed_by(key: bytes) -> str:
    head, body, _ = token().split(".")
    signature = hmac.digest(key, f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"exp": (NOW + 60) * 1000}, "is it milliseconds?"),
        ({"exp": NOW - 7200}, "exp: it expired 2.0 h ago"),
        ({"exp": NOW + 2 * 24 * 3600}, "more than 24 hours is rejected"),
        ({"nbf": NOW + 120}, "nbf: it is valid only in 2 min"),
        ({"ref": ["x" * 330] * 19}, "its size is"),
        ({"client": "backend", "ref": [f"{n:x<400}" for n in range(19)]}, "ref is too long"),
        ({"ref": 1.0}, "ref is 1.0: it must be a string, an integer"),
    ],
)
def test_a_fault_says_what_is_there_and_what_must_be(changes: dict[str, Any], fault: str) -> None:
    assert fault in (find_fault(token(**changes), NOW, KEYS) or "")


@pytest.mark.parametrize("content", ["[]", "1", "null", "{", ""])
def test_what_is_not_a_token_is_said_to_be_none(content: str) -> None:
    part = base64.urlsafe_b64encode(content.encode()).decode()
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256"}).encode()).decode()
    for given in (content, f"{part}.{part}.x", f"{header}.{part}.x"):
        assert "not a JWT" in (find_fault(given, NOW) or "")
