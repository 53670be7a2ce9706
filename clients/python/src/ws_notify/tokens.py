"""Tokens: minting them, and reading their claims unverified."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jwt

from ws_notify.values import Ref

MAX_LIFETIME = 24 * 60 * 60
"""Seconds, by the clock of the service."""

MAX_FRONTEND_TOKEN = 3_800
"""Characters: a browser sends it in the URL, of which API Gateway accepts 4,096.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

_MERCHANT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_REF_BYTES = 512
_MAX_REFS = 20


def mint_token(  # noqa: PLR0913 - a token has these parts
    key: str,
    kid: str,
    *,
    client: Literal["frontend", "backend"],
    merchant_id: str,
    ref: Ref | Sequence[Ref] | None = None,
    lifetime: int = 3600,
) -> str:
    """Return a token for one merchant, HS256, that expires in `lifetime` seconds.

    `key` is the one that `kid` names in the stage's secret. A `frontend` may only subscribe, to
    the `ref` or up to 20; a `backend` may only publish, to every ref where none is given. The
    lifetime is at most 24 hours, by the clock of AWS: stay below. Raises ValueError for claims that
    the service would reject, and for a `frontend`'s token that does not fit into a URL.
    """
    if not key or not kid:
        raise ValueError("key and kid are both needed: one pair of the stage's secret")
    if client not in ("frontend", "backend"):
        raise ValueError(f"client is 'frontend' or 'backend', not {client!r}")
    if not merchant_id:
        raise ValueError("merchant_id is missing: a token is for one merchant")
    if not 0 < lifetime <= MAX_LIFETIME:
        raise ValueError(f"lifetime is in seconds, 1 to {MAX_LIFETIME}, not {lifetime}")
    if ref is None and client == "frontend":
        raise ValueError("ref is missing: a frontend's token names its refs")
    refs = [] if ref is None else _as_strings(ref)
    _check_topic(merchant_id, None if ref is None else refs)
    claims: dict[str, Any] = {"client": client, "merchant_id": merchant_id}
    if refs:
        claims["ref"] = refs[0] if len(refs) == 1 else refs
    claims["exp"] = int(time.time()) + lifetime
    token = jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})
    if client == "frontend" and len(token) > MAX_FRONTEND_TOKEN:
        raise ValueError(
            f"the token would have {len(token)} characters, and a browser's URL has room for "
            f"{MAX_FRONTEND_TOKEN}: name fewer or shorter refs, or mint a token for each"
        )
    return token


def _as_strings(ref: Ref | Sequence[Ref]) -> list[str]:
    return [str(ref)] if isinstance(ref, str | int) else [str(each) for each in ref]


def _check_topic(merchant_id: str, refs: Sequence[str] | None) -> None:
    """Raise ValueError for what the service would reject, by the rules of docs/protocol.md."""
    if not _MERCHANT_ID.fullmatch(merchant_id):
        raise ValueError("merchant_id is 1 to 128 characters of A-Z a-z 0-9 . _ : -")
    if refs is None:
        return
    if not 1 <= len(refs) <= _MAX_REFS or not all(refs):
        raise ValueError(f"ref is 1 to {_MAX_REFS} refs, none of them empty")
    for each in refs:
        if len(each.encode()) > _MAX_REF_BYTES or _CONTROL_CHARACTER.search(each):
            raise ValueError(
                f"ref is up to {_MAX_REF_BYTES} bytes of UTF-8 without control characters"
            )


def read_claims(token: str) -> Mapping[str, Any]:
    """Read the claims of a token, unverified; empty for an invalid token."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}
    return claims


def read_kid(token: str) -> str | None:
    """Read the `kid` of a token, unverified; None for an invalid token."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        return None
    return kid if isinstance(kid, str) else None


def seconds_until_expiry(token: str) -> float | None:
    """Return in how many seconds a token expires, by this machine's clock; None if unknown."""
    expiry = read_claims(token).get("exp")
    return expiry - time.time() if isinstance(expiry, int | float) else None
