"""The table of forged tokens, and the reason with which each is rejected."""

import json
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from tests.kit.tokens import ABSENT, KEYS, NOW, b64, claims, signed, token

Forgeries = dict[str, tuple[str, str]]
"""Each by what is forged: the token, and how the reason of its rejection begins."""

DAY: Final = 24 * 60 * 60

_HEAD: Final = b'{"alg":"HS256","kid":"first"}'
_TURNED: Final = b64(b'{"kid":"first","alg":"HS256"}')
_NONE: Final = b64(b'{"alg":"none","kid":"first"}')
_NONE_AT_ALL: Final = b64(b'{"alg":"none"}')
_JWE: Final = b64(b'{"alg":"dir","enc":"A128GCM"}')
_LONG_NUMBER: Final = b64(b'{"alg":' + b"1" * 5000 + b"}")
_NO_UTF8: Final = b64(b"\xff\xfe")

_INVALID_CLIENTS: Final[tuple[Any, ...]] = (
    ABSENT, None, "", "Frontend", "backend ", "server", "*", 1, True, ["frontend"],
    ["frontend", "backend"], {"frontend": 1},
)  # fmt: skip
_INVALID_MERCHANTS: Final[tuple[Any, ...]] = (
    ABSENT, None, "", 7, 1.5, True, ["shop"], {"shop": 1}, "shop#12303", "#", "shop\0", "shop\n",
    "shop\ud800", "s" * 129,
)  # fmt: skip
_INVALID_REFS: Final[tuple[Any, ...]] = (
    None, True, False, 12303.5, 1.0, 2**53, -(2**53), 10**400, "", {"12303": True}, [],
    [f"r{n}" for n in range(21)], ["12303", True], [12303, 12304.0], [12303, 2**53],
    ["12303", None], ["12303", ""], [["12303"]], "é" * 256 + "r", "12303\0", "12303\n", "12303\x85",
    "12303\ud800", ["12303", "r" * 513], ["12303", "12304\x1f"], ["12303", "\udfff"],
)  # fmt: skip
_OTHER_ALGS: Final[tuple[Any, ...]] = (
    ABSENT, "none", "None", "NONE", "", "hs256", "HS256 ", "Hs256", "HS384", "HS512",
    "RS256", "ES256", "PS256", "EdDSA", "dir", None, 256, ["HS256"], {},
)  # fmt: skip
_UNKNOWN_KIDS: Final[tuple[Any, ...]] = (
    "", "third", "current", "First", "first ", "../first", "/etc/passwd", "/dev/null", "*",
    "__class__", "first\x00", "' OR 1=1 --", "k" * 10_000, "prémier", "\ud800",
)  # fmt: skip
_INVALID_KIDS: Final[tuple[Any, ...]] = (None, 0, 1, 1.5, True, ["first"], {"first": 1})
_CRITICAL: Final[tuple[Any, ...]] = ([], ["b64"], ["exp"], "exp", None, {}, 1)
_HEADERS: Final = (b"", b"null", b"1", b'"HS256"', b"[]", b"{}", b"{", b"NaN")
_UNDECODABLE: Final = (
    b"", b"null", b"1", b'"frontend"', b"[]", b"{", b"\xff\xfe", b"[" * 200_000,
    b'{"exp":' + b"1" * 5000 + b"}",
)  # fmt: skip


class _Maker:
    """Makes tokens of one moment with one key, which counts as that of the kid `first`."""

    def __init__(self, now: int, key: str) -> None:
        self.now, self.key = now, key
        self.good = self.token()
        self.backend = json.dumps(claims(now, client="backend", ref=ABSENT)).encode()

    def token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        return token(header, now=self.now, **{"key": self.key, **changes})

    def signed(self, header: bytes, payload: bytes, digest: str = "HS256") -> str:
        return signed(header, payload, self.key, digest)


def _invalid_ends(now: int) -> dict[str, Any]:
    return {
        "a string": str(now + 60),
        "true": True,
        "false": False,
        "a list": [now + 60],
        "an object": {},
        "not a number": math.nan,
        "minus infinity": -math.inf,
        "infinity": math.inf,
        "a second ago": now - 1,
        "now": now,
        "zero": 0,
        "negative": -now,
        "in milliseconds": (now + 60) * 1000,
        "24 hours and a second ahead": now + DAY + 1,
        "24 hours and a blink ahead": now + DAY + 0.5,
        "ten years ahead": now + 3650 * DAY,
        "of 400 digits": 10**400,
    }


def _invalid_beginnings(now: int) -> dict[str, Any]:
    return {
        "61 seconds ahead": now + 61,
        "a blink more than a minute ahead": now + 60.5,
        "two minutes ahead": now + 120,
        "a day ahead": now + DAY,
        "ahead, with a fraction": now + 120.5,
        "in milliseconds": now * 1000,
        "of 400 digits": 10**400,
        "infinity": math.inf,
        "not a number": math.nan,
        "null": None,
        "a string": str(now - 60),
        "a word": "now",
        "true": True,
        "false": False,
        "a list": [now - 60],
        "an object": {},
    }


def _each(name: str, values: Iterable[Any], make: Callable[[Any], str], reason: str) -> Forgeries:
    return {f"{name} {repr(value)[:60]}": (make(value), reason) for value in values}


def _claims(make: _Maker) -> Forgeries:
    ends, beginnings = _invalid_ends(make.now), _invalid_beginnings(make.now)
    backend = partial(make.token, client="backend")
    missing = "MissingRequiredClaimError"
    return {
        **_each("client", _INVALID_CLIENTS, lambda it: make.token(client=it), "client"),
        **_each(
            "merchant_id", _INVALID_MERCHANTS, lambda it: make.token(merchant_id=it), "merchant_id"
        ),
        **_each("ref", (ABSENT, *_INVALID_REFS), lambda it: make.token(ref=it), "ref"),
        **_each("backend's ref", _INVALID_REFS, lambda it: backend(ref=it), "ref"),
        **_each("exp", (ABSENT, None), lambda it: make.token(exp=it), missing),
        **{f"exp {name}": (make.token(exp=value), "exp") for name, value in ends.items()},
        **{f"nbf {name}": (make.token(nbf=value), "nbf") for name, value in beginnings.items()},
    }


def _headers(make: _Maker) -> Forgeries:
    payload = make.good.split(".")[1]

    def header(name: str) -> Callable[[Any], str]:
        return lambda value: make.token({name: value})

    def signed(digest: str) -> str:
        return make.signed(_HEAD, make.backend, digest)

    other, own_key = "InvalidSignatureError", "k" * 32
    jwk = {"jwk": {"kty": "oct", "k": b64(own_key.encode())}}
    return {
        **_each("alg", _OTHER_ALGS, header("alg"), "alg is not HS256"),
        **_each("kid", _UNKNOWN_KIDS, header("kid"), "unknown kid"),
        **_each("kid", _INVALID_KIDS, header("kid"), "InvalidTokenError"),
        **_each("kid", [ABSENT], header("kid"), "no kid"),
        **_each("crit", _CRITICAL, header("crit"), "InvalidTokenError"),
        **_each("alg HS256 but signed with", ("HS384", "HS512"), signed, other),
        "alg none and no signature": (f"{_NONE}.{payload}.", "alg is not HS256"),
        "alg none, no kid, no signature": (f"{_NONE_AT_ALL}.{payload}.", "alg is not HS256"),
        "crit that PyJWT understands": (make.token({"crit": ["b64"], "b64": True}), "crit"),
        "crit and a payload apart": (make.token({"crit": ["b64"], "b64": False}), "DecodeError"),
        "a key of its own in the header": (make.token(jwk, key=own_key), other),
        "a key's address in the header": (
            make.token({"jku": "https://evil.example/keys"}, key=own_key),
            other,
        ),
    }


def _signatures(make: _Maker) -> Forgeries:
    header, payload, signature = make.good.split(".")
    backends = make.token(client="backend").rpartition(".")[2]
    keys = (
        *("another key, also long enough to be one", KEYS["second"], "", "first", make.key[:-1]),
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    )
    forged = {
        **{f"the key {number} of others": make.token(key=key) for number, key in enumerate(keys)},
        "the other kid": make.signed(b'{"alg":"HS256","kid":"second"}', make.backend),
        "another payload": f"{header}.{b64(make.backend)}.{signature}",
        "another header": f"{_TURNED}.{payload}.{signature}",
        "another's signature": f"{header}.{payload}.{backends}",
        "no signature": f"{header}.{payload}.",
        "half a signature": f"{header}.{payload}.{signature[:20]}",
        "a signature of zeros": f"{header}.{payload}.{b64(bytes(32))}",
    }
    return {
        **{name: (text, "InvalidSignatureError") for name, text in forged.items()},
        "payload and header swapped": (f"{payload}.{header}.{signature}", "alg is not HS256"),
    }


def _shapes(make: _Maker) -> Forgeries:
    header, payload, signature = make.good.split(".")
    shapes = {
        "a space": " ",
        "a word": "token",
        "dots": "..",
        "many dots": "." * 5000,
        "no signature and no dot for it": f"{header}.{payload}",
        "the header alone": header,
        "four parts": f"{make.good}.",
        "four parts, the first empty": f".{make.good}",
        "five parts, as of a JWE": f"{_JWE}.a.b.c.d",
        "five parts, as of a JWE, alg HS256": f"{header}....",
        "two tokens": f"{make.good}{make.good}",
        "two tokens and a comma": f"{make.good},{make.good}",
        "a JWS in JSON": json.dumps({"payload": payload, "signature": signature}),
        "a space before": f" {make.good}",
        "a space behind": f"{make.good} ",
        "a line behind": f"{make.good}\n",
        "a space within": f"{header}. {payload}.{signature}",
        "NUL behind": f"{make.good}\0",
        "Bearer twice": f"Bearer {make.good}",
        "in quotes": f'"{make.good}"',
        "percent-encoded": make.good.replace(".", "%2E"),
        "too much padding": f"{make.good}====",
        "base64's other alphabet": make.good[:-1] + "+",
        "junk within the signature": f"{header}.{payload}.!!!!{signature}",
        "full-width dots": make.good.replace(".", "\uff0e"),
        "not ASCII": f"{make.good}é",
        "an emoji": "💳.💳.💳",
        "half a surrogate pair": f"{make.good}\ud800",
        "half a surrogate pair alone": "\ud800.\ud800.\ud800",
        "huge": "a" * 1_000_000,
        "a huge signature": f"{header}.{payload}.{'A' * 1_000_000}",
        "a header nested deep": f"{b64(b'[' * 200_000)}.{payload}.{signature}",
        "a header with a number too long": f"{_LONG_NUMBER}.e30.AA",
        "a header that is no UTF-8": f"{_NO_UTF8}.{payload}.{signature}",
    }
    return {
        "nothing": ("", "no token"),
        **{name: (text, "") for name, text in shapes.items()},
        **_each("the header", _HEADERS, lambda it: f"{b64(it)}.{payload}.{signature}", ""),
        **_each(
            "signed, but the payload", _UNDECODABLE, partial(make.signed, _HEAD), "DecodeError"
        ),
        **_each(
            "signed, but the payload",
            (b"{}", b'{"exp":null}'),
            partial(make.signed, _HEAD),
            "MissingRequiredClaimError",
        ),
    }


def forgeries(now: int = NOW, key: str = KEYS["first"]) -> Forgeries:
    """Return all, for a moment in seconds since 1970, and the key of the kid `first`."""
    make = _Maker(now, key)
    return {**_claims(make), **_headers(make), **_signatures(make), **_shapes(make)}


FORGERIES: Final = forgeries()
