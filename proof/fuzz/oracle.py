"""Who a token lets in, read from docs/protocol.md a second time, without PyJWT."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from lambdas.layer.identity import Identity

_DAY = 24 * 60 * 60
_MOST_REFS = 20


def identity_of(token: str, keys: Mapping[str, str], now: float) -> Identity | None:
    """Return it, or None: nobody gets in with this token."""
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(_bytes(head)), json.loads(_bytes(body))
        key = keys[header["kid"]].encode()
        good = hmac.digest(key, f"{head}.{body}".encode(), hashlib.sha256)
        if header["alg"] != "HS256" or not hmac.compare_digest(good, _bytes(signature)):
            return None
        return _claimed(claims, now)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _claimed(claims: dict[str, Any], now: float) -> Identity | None:
    client, merchant_id, exp = claims["client"], claims["merchant_id"], claims["exp"]
    refs = claims.get("ref", [])
    refs = [refs] if isinstance(refs, str) else refs
    if (
        client not in {"frontend", "backend"}
        or not isinstance(merchant_id, str)
        or not merchant_id
        or isinstance(exp, bool)
        or not now < exp <= now + _DAY
        or not all(isinstance(ref, str) and ref for ref in refs)
        or len(refs) > _MOST_REFS
        or (not refs and (client == "frontend" or "ref" in claims))
    ):
        return None
    return Identity(client, merchant_id, frozenset(refs) if refs else None, int(exp) * 1000)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
