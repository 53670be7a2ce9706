"""Attempts to get in, and the reason with which each is refused."""

import json
import math
from typing import Any, Final

from tests.kit.tokens import ABSENT, KEYS, NOW, b64, claims, signed, token

Forgeries = dict[str, tuple[str, str]]
"""Each by what it tries: the token, and how the reason of its refusal begins."""

DAY: Final = 24 * 60 * 60

_HEAD: Final = b'{"alg":"HS256","kid":"first"}'
_TURNED: Final = b64(b'{"kid":"first","alg":"HS256"}')
_NONE: Final = b64(b'{"alg":"none","kid":"first"}')
_NONE_AT_ALL: Final = b64(b'{"alg":"none"}')
_JWE: Final = b64(b'{"alg":"dir","enc":"A128GCM"}')
_LONG_NUMBER: Final = b64(b'{"alg":' + b"1" * 5000 + b"}")
_NO_UTF8: Final = b64(b"\xff\xfe")

_NO_CLIENT: Final[tuple[Any, ...]] = (
    ABSENT, None, "", "Frontend", "backend ", "server", "*", 1, True, ["frontend"],
    ["frontend", "backend"], {"frontend": 1},
)  # fmt: skip
_OTHER_ALG: Final[tuple[Any, ...]] = (
    ABSENT, "none", "None", "NONE", "", "hs256", "HS256 ", "Hs256", "HS384", "HS512",
    "RS256", "ES256", "PS256", "EdDSA", "dir", None, 256, ["HS256"], {},
)  # fmt: skip
_UNKNOWN_KID: Final[tuple[Any, ...]] = (
    "", "third", "First", "first ", "../first", "/etc/passwd", "/dev/null", "*",
    "__class__", "first\x00", "' OR 1=1 --", "k" * 10_000, "prémier", "\ud800",
)  # fmt: skip
_CRITICAL: Final[tuple[Any, ...]] = ([], ["b64"], ["exp"], "exp", None, {}, 1)
_NO_REF: Final[dict[str, Any]] = {
    "missing": ABSENT,
    "null": None,
    "a number": 12303,
    "true": True,
    "an empty string": "",
    "an object": {"12303": True},
    "an empty list": [],
    "21 of them": [f"r{n}" for n in range(21)],
    "a list with a number": ["12303", 12304],
    "a list with null": ["12303", None],
    "a list with an empty string": ["12303", ""],
    "a list within a list": [["12303"]],
    "of 513 bytes": "é" * 256 + "r",
    "with a NUL": "12303\0",
    "with a line end": "12303\n",
    "with a C1 control character": "12303\x85",
    "with half a surrogate pair": "12303\ud800",
    "a list with one of 513 bytes": ["12303", "r" * 513],
    "a list with a control character": ["12303", "12304\x1f"],
    "a list with half a surrogate pair": ["12303", "\udfff"],
}
_NO_MERCHANT: Final[dict[str, Any]] = {
    "missing": ABSENT,
    "null": None,
    "empty": "",
    "a number": 7,
    "a fraction": 1.5,
    "true": True,
    "a list": ["shop"],
    "an object": {"shop": 1},
    "with a #": "shop#12303",
    "a # alone": "#",
    "with a NUL": "shop\0",
    "with a line end": "shop\n",
    "with half a surrogate pair": "shop\ud800",
    "of 129 characters": "s" * 129,
}


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


def _no_end(now: int) -> dict[str, Any]:
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


def _no_beginning(now: int) -> dict[str, Any]:
    return {
        "a second ahead": now + 1,
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


def _claims(make: _Maker) -> Forgeries:
    return {
        **{f"client {value!r}": (make.token(client=value), "client") for value in _NO_CLIENT},
        **{
            f"merchant_id {name}": (make.token(merchant_id=value), "merchant_id")
            for name, value in _NO_MERCHANT.items()
        },
        **{f"ref {name}": (make.token(ref=value), "ref") for name, value in _NO_REF.items()},
        **{
            f"backend's ref {name}": (make.token(client="backend", ref=value), "ref")
            for name, value in _NO_REF.items()
            if value is not ABSENT
        },
        "exp missing": (make.token(exp=ABSENT), "MissingRequiredClaimError"),
        "exp null": (make.token(exp=None), "MissingRequiredClaimError"),
        **{
            f"exp {name}": (make.token(exp=value), "exp")
            for name, value in _no_end(make.now).items()
        },
        **{
            f"nbf {name}": (make.token(nbf=value), "nbf")
            for name, value in _no_beginning(make.now).items()
        },
    }


def _headers(make: _Maker) -> Forgeries:
    payload = make.good.split(".")[1]
    return {
        **{f"alg {alg!r}": (make.token({"alg": alg}), "alg is not HS256") for alg in _OTHER_ALG},
        "alg none and no signature": (
            f"{_NONE}.{payload}.",
            "alg is not HS256",
        ),
        "alg none, no kid, no signature": (f"{_NONE_AT_ALL}.{payload}.", "alg is not HS256"),
        **{
            f"alg HS256 but signed with {alg}": (
                make.signed(_HEAD, make.backend, digest=alg),
                "InvalidSignatureError",
            )
            for alg in ("HS384", "HS512")
        },
        **{f"kid {kid!r}": (make.token({"kid": kid}), "unknown kid") for kid in _UNKNOWN_KID},
        "kid missing": (make.token({"kid": ABSENT}), "no kid"),
        **{
            f"kid {kid!r}": (make.token({"kid": kid}), "InvalidTokenError")
            for kid in (None, 0, 1, 1.5, True, ["first"], {"first": 1})
        },
        **{
            f"crit {crit!r}": (make.token({"crit": crit}), "InvalidTokenError")
            for crit in _CRITICAL
        },
        "crit that PyJWT understands": (make.token({"crit": ["b64"], "b64": True}), "crit"),
        "crit and a payload apart": (make.token({"crit": ["b64"], "b64": False}), "DecodeError"),
        "a key of its own in the header": (
            make.token({"jwk": {"kty": "oct", "k": b64(b"k" * 32)}}, key="k" * 32),
            "InvalidSignatureError",
        ),
        "a key's address in the header": (
            make.token({"jku": "https://evil.example/keys"}, key="k" * 32),
            "InvalidSignatureError",
        ),
    }


def _signatures(make: _Maker) -> Forgeries:
    header, payload, signature = make.good.split(".")
    return {
        **{
            f"signed with {name}": (make.token(key=key), "InvalidSignatureError")
            for name, key in {
                "another key": "another key, also long enough to be one",
                "the other kid's key": KEYS["second"],
                "no key": "",
                "its kid": "first",
                "a part of the key": make.key[:-1],
                "a public key": "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
            }.items()
        },
        "the other kid over this key's signature": (
            make.signed(b'{"alg":"HS256","kid":"second"}', make.backend),
            "InvalidSignatureError",
        ),
        "another payload": (f"{header}.{b64(make.backend)}.{signature}", "InvalidSignatureError"),
        "another header": (
            f"{_TURNED}.{payload}.{signature}",
            "InvalidSignatureError",
        ),
        "another's signature": (
            f"{header}.{payload}.{make.token(client='backend').rpartition('.')[2]}",
            "InvalidSignatureError",
        ),
        "no signature": (f"{header}.{payload}.", "InvalidSignatureError"),
        "half a signature": (f"{header}.{payload}.{signature[:20]}", "InvalidSignatureError"),
        "a signature of zeros": (f"{header}.{payload}.{b64(bytes(32))}", "InvalidSignatureError"),
        "payload and header swapped": (f"{payload}.{header}.{signature}", "alg is not HS256"),
    }


def _shapes(make: _Maker) -> Forgeries:
    header, payload, signature = make.good.split(".")
    return {
        "nothing": ("", "no token"),
        **{
            name: (text, "")
            for name, text in {
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
                **{
                    f"the header {header!r}": f"{b64(header)}.{payload}.{signature}"
                    for header in (b"", b"null", b"1", b'"HS256"', b"[]", b"{}", b"{", b"NaN")
                },
            }.items()
        },
        **{
            f"well signed, but its payload is {payload[:20]!r}": (
                make.signed(_HEAD, payload),
                reason,
            )
            for payload, reason in {
                b"": "DecodeError",
                b"null": "DecodeError",
                b"1": "DecodeError",
                b'"frontend"': "DecodeError",
                b"[]": "DecodeError",
                b"{": "DecodeError",
                b"\xff\xfe": "DecodeError",
                b"[" * 200_000: "DecodeError",
                b'{"exp":' + b"1" * 5000 + b"}": "DecodeError",
                b"{}": "MissingRequiredClaimError",
                b'{"exp":null}': "MissingRequiredClaimError",
            }.items()
        },
    }


def forgeries(now: int = NOW, key: str = KEYS["first"]) -> Forgeries:
    """Return all, for a moment in seconds since 1970, and the key of the kid `first`."""
    make = _Maker(now, key)
    return {**_claims(make), **_headers(make), **_signatures(make), **_shapes(make)}


FORGERIES: Final = forgeries()
