"""Attempts to get in, and the reason with which each is refused."""

import json
import math
from typing import Any, Final

from tests.lambdas.minting import ABSENT, KEYS, NOW, b64, claims, signed, token

DAY: Final = 24 * 60 * 60
_GOOD: Final = token()
_HEADER, _PAYLOAD, _SIGNATURE = _GOOD.split(".")
_BACKEND: Final = json.dumps(claims(client="backend", ref=ABSENT)).encode()

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
}
_NO_END: Final[dict[str, Any]] = {
    "a string": str(NOW + 60),
    "true": True,
    "false": False,
    "a list": [NOW + 60],
    "an object": {},
    "not a number": math.nan,
    "minus infinity": -math.inf,
    "infinity": math.inf,
    "a second ago": NOW - 1,
    "now": NOW,
    "zero": 0,
    "negative": -NOW,
    "in milliseconds": (NOW + 60) * 1000,
    "24 hours and a second ahead": NOW + DAY + 1,
    "24 hours and a blink ahead": NOW + DAY + 0.5,
    "ten years ahead": NOW + 3650 * DAY,
    "of 400 digits": 10**400,
}

_CLAIMS: Final[dict[str, tuple[str, str]]] = {
    **{f"client {value!r}": (token(client=value), "client") for value in _NO_CLIENT},
    **{
        f"merchant_id {value!r}": (token(merchant_id=value), "merchant_id")
        for value in (ABSENT, None, "", 7, True, ["shop"], {"shop": 1}, 1.5)
    },
    **{f"ref {name}": (token(ref=value), "ref") for name, value in _NO_REF.items()},
    **{
        f"backend's ref {name}": (token(client="backend", ref=value), "ref")
        for name, value in _NO_REF.items()
        if value is not ABSENT
    },
    "exp missing": (token(exp=ABSENT), "MissingRequiredClaimError"),
    "exp null": (token(exp=None), "MissingRequiredClaimError"),
    **{f"exp {name}": (token(exp=value), "exp") for name, value in _NO_END.items()},
}

_HEADERS: Final[dict[str, tuple[str, str]]] = {
    **{f"alg {alg!r}": (token({"alg": alg}), "alg is not HS256") for alg in _OTHER_ALG},
    "alg none and no signature": (
        f"{_NONE}.{_PAYLOAD}.",
        "alg is not HS256",
    ),
    "alg none, no kid, no signature": (f"{_NONE_AT_ALL}.{_PAYLOAD}.", "alg is not HS256"),
    **{
        f"alg HS256 but signed with {alg}": (
            signed(_HEAD, _BACKEND, digest=alg),
            "InvalidSignatureError",
        )
        for alg in ("HS384", "HS512")
    },
    **{f"kid {kid!r}": (token({"kid": kid}), "unknown kid") for kid in _UNKNOWN_KID},
    "kid missing": (token({"kid": ABSENT}), "no kid"),
    **{
        f"kid {kid!r}": (token({"kid": kid}), "InvalidTokenError")
        for kid in (None, 0, 1, 1.5, True, ["first"], {"first": 1})
    },
    **{f"crit {crit!r}": (token({"crit": crit}), "InvalidTokenError") for crit in _CRITICAL},
    "crit that PyJWT understands": (token({"crit": ["b64"], "b64": True}), "crit"),
    "crit and a payload apart": (token({"crit": ["b64"], "b64": False}), "DecodeError"),
    "a key of its own in the header": (
        token({"jwk": {"kty": "oct", "k": b64(b"k" * 32)}}, key="k" * 32),
        "InvalidSignatureError",
    ),
    "a key's address in the header": (
        token({"jku": "https://evil.example/keys"}, key="k" * 32),
        "InvalidSignatureError",
    ),
}

_SIGNATURES: Final[dict[str, tuple[str, str]]] = {
    **{
        f"signed with {name}": (token(key=key), "InvalidSignatureError")
        for name, key in {
            "another key": "another key, also long enough to be one",
            "the other kid's key": KEYS["second"],
            "no key": "",
            "its kid": "first",
            "a part of the key": KEYS["first"][:-1],
            "a public key": "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        }.items()
    },
    "the other kid over this key's signature": (
        signed(b'{"alg":"HS256","kid":"second"}', _BACKEND),
        "InvalidSignatureError",
    ),
    "another payload": (f"{_HEADER}.{b64(_BACKEND)}.{_SIGNATURE}", "InvalidSignatureError"),
    "another header": (
        f"{_TURNED}.{_PAYLOAD}.{_SIGNATURE}",
        "InvalidSignatureError",
    ),
    "another's signature": (
        f"{_HEADER}.{_PAYLOAD}.{token(client='backend').rpartition('.')[2]}",
        "InvalidSignatureError",
    ),
    "no signature": (f"{_HEADER}.{_PAYLOAD}.", "InvalidSignatureError"),
    "half a signature": (f"{_HEADER}.{_PAYLOAD}.{_SIGNATURE[:20]}", "InvalidSignatureError"),
    "a signature of zeros": (f"{_HEADER}.{_PAYLOAD}.{b64(bytes(32))}", "InvalidSignatureError"),
    "payload and header swapped": (f"{_PAYLOAD}.{_HEADER}.{_SIGNATURE}", "alg is not HS256"),
}

_SHAPES: Final[dict[str, tuple[str, str]]] = {
    "nothing": ("", "no token"),
    **{
        name: (text, "")
        for name, text in {
            "a space": " ",
            "a word": "token",
            "dots": "..",
            "many dots": "." * 5000,
            "no signature and no dot for it": f"{_HEADER}.{_PAYLOAD}",
            "the header alone": _HEADER,
            "four parts": f"{_GOOD}.",
            "four parts, the first empty": f".{_GOOD}",
            "five parts, as of a JWE": f"{_JWE}.a.b.c.d",
            "five parts, as of a JWE, alg HS256": f"{_HEADER}....",
            "two tokens": f"{_GOOD}{_GOOD}",
            "two tokens and a comma": f"{_GOOD},{_GOOD}",
            "a JWS in JSON": json.dumps({"payload": _PAYLOAD, "signature": _SIGNATURE}),
            "a space before": f" {_GOOD}",
            "a space behind": f"{_GOOD} ",
            "a line behind": f"{_GOOD}\n",
            "a space within": f"{_HEADER}. {_PAYLOAD}.{_SIGNATURE}",
            "NUL behind": f"{_GOOD}\0",
            "Bearer twice": f"Bearer {_GOOD}",
            "in quotes": f'"{_GOOD}"',
            "percent-encoded": _GOOD.replace(".", "%2E"),
            "too much padding": f"{_GOOD}====",
            "base64's other alphabet": _GOOD[:-1] + "+",
            "junk within the signature": f"{_HEADER}.{_PAYLOAD}.!!!!{_SIGNATURE}",
            "full-width dots": _GOOD.replace(".", "\uff0e"),
            "not ASCII": f"{_GOOD}é",
            "an emoji": "💳.💳.💳",
            "half a surrogate pair": f"{_GOOD}\ud800",
            "half a surrogate pair alone": "\ud800.\ud800.\ud800",
            "huge": "a" * 1_000_000,
            "a huge signature": f"{_HEADER}.{_PAYLOAD}.{'A' * 1_000_000}",
            "a header nested deep": f"{b64(b'[' * 200_000)}.{_PAYLOAD}.{_SIGNATURE}",
            "a header with a number too long": f"{_LONG_NUMBER}.e30.AA",
            "a header that is no UTF-8": f"{_NO_UTF8}.{_PAYLOAD}.{_SIGNATURE}",
            **{
                f"the header {header!r}": f"{b64(header)}.{_PAYLOAD}.{_SIGNATURE}"
                for header in (b"", b"null", b"1", b'"HS256"', b"[]", b"{}", b"{", b"NaN")
            },
        }.items()
    },
    **{
        f"well signed, but its payload is {payload[:20]!r}": (
            signed(_HEAD, payload),
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

FORGERIES: Final = {**_CLAIMS, **_HEADERS, **_SIGNATURES, **_SHAPES}
"""Each by what it tries: the token, and how the reason of its refusal begins."""
