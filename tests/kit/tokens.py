"""Tokens made by hand, so that any part of one may be wrong; PyJWT has no say in it."""

import base64
import hashlib
import hmac
import json
from typing import Any, Final

NOW: Final = 1_795_426_200
"""Where the clocks of the tests stand, in seconds since 1970."""

KEYS: Final = {"first": "the first key of the stage, long enough", "second": "2" * 48}
"""The keys of the stage by their kid."""


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()
"""A claim or a name of the header with this value is left out."""

HASHES: Final = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def b64(data: bytes) -> str:
    """Return base64url without padding, as in a JWT."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: bytes, payload: bytes, key: str = KEYS["first"], digest: str = "HS256") -> str:
    """Return a token of these bytes with a signature by this key and hash."""
    text = f"{b64(header)}.{b64(payload)}"
    signature = hmac.new(key.encode(), text.encode(), HASHES.get(digest, hashlib.sha256)).digest()
    return f"{text}.{b64(signature)}"


def claims(now: int = NOW, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good frontend, with these changes."""
    good = {"client": "frontend", "merchant_id": "shop", "ref": "12303", "exp": now + 3600}
    return _present({**good, **changes})


def token(
    header: dict[str, Any] | None = None,
    *,
    key: str = KEYS["first"],
    now: int = NOW,
    **changes: Any,
) -> str:
    """Return a token that is good but for these changes; its alg is the one it is signed with."""
    head = _present({"alg": "HS256", "typ": "JWT", "kid": "first", **(header or {})})
    body = json.dumps(claims(now, **changes)).encode()
    return signed(json.dumps(head).encode(), body, key, str(head.get("alg")))


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not ABSENT}
