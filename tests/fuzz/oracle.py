"""Who a token lets in, read from docs/protocol.md a second time, without PyJWT."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from lambdas.layer.auth.principal import Identity

_DAY: Final = 24 * 60 * 60
_MOST_REFS: Final = 20
_MERCHANT: Final = re.compile("[A-Za-z0-9._:-]{1,128}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_REF_BYTES: Final = 512
_ALL_REFS: Final = 7_000


def identity_of(token: str, keys: Mapping[str, str], now: float) -> Identity | None:
    """Return it, or None: nobody gets in with this token."""
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(_bytes(head)), json.loads(_bytes(body))
        key = keys[header["kid"]].encode()
        if header["alg"] != "HS256" or "crit" in header or header.get("b64") is False:
            return None
        good = hmac.digest(key, f"{head}.{body}".encode(), hashlib.sha256)
        if not hmac.compare_digest(good, _bytes(signature)):
            return None
        return _claimed(claims, now)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _claimed(claims: dict[str, Any], now: float) -> Identity | None:
    client, merchant_id, exp = claims["client"], claims["merchant_id"], claims["exp"]
    begins = claims.get("nbf", 0)
    refs = claims.get("ref", [])
    refs = [refs] if isinstance(refs, str) else refs
    if (
        client not in {"frontend", "backend"}
        or not isinstance(refs, list)
        or not _MERCHANT.fullmatch(merchant_id)
        or isinstance(exp, bool)
        or not now < exp <= now + _DAY
        or isinstance(begins, bool)
        or not begins <= now
        or not all(map(_is_ref, refs))
        or len(refs) > _MOST_REFS
        or (not refs and (client == "frontend" or "ref" in claims))
    ):
        return None
    who = Identity(client, merchant_id, frozenset(refs) if refs else None, int(exp) * 1000)
    return who if len(json.dumps(who.to_context())) <= _ALL_REFS else None


def _is_ref(ref: Any) -> bool:
    """Tell whether it is one; raises UnicodeEncodeError for half a surrogate pair."""
    return isinstance(ref, str) and 0 < len(ref.encode()) <= _REF_BYTES and not _CONTROL.search(ref)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
