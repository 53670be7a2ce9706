"""Tokens: minting them, and reading when one ends."""

import time
from collections.abc import Sequence
from typing import Any, Literal

import jwt

from ws_notify.values import Ref

_LONGEST_LIFETIME = 24 * 60 * 60
_MOST_REFS = 20
LONGEST_FRONTEND_TOKEN = 3_800
"""Characters: a browser sends it in the address, of which API Gateway takes 4,096.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""


def mint_token(  # noqa: PLR0913 - a token has these parts
    key: str,
    kid: str,
    *,
    client: Literal["frontend", "backend"],
    merchant_id: str,
    ref: Ref | Sequence[Ref] | None = None,
    lifetime: int = 3600,
) -> str:
    """Return a token for one merchant, HS256, that ends in `lifetime` seconds.

    `key` is the one that `kid` names in the stage's secret. A `frontend` may only subscribe, to
    the `ref` or up to 20; a `backend` may only publish, to every ref where none is given. The
    lifetime is at most 24 hours, by the clock of AWS: stay below. Raises ValueError, also for a
    `frontend`'s token that would be longer than fits into an address.
    """
    if not key or not kid:
        raise ValueError("key and kid are both needed: one pair of the stage's secret")
    if client not in ("frontend", "backend"):
        raise ValueError(f"client is 'frontend' or 'backend', not {client!r}")
    if not merchant_id:
        raise ValueError("merchant_id is missing: a token is for one merchant")
    if not 0 < lifetime <= _LONGEST_LIFETIME:
        raise ValueError(f"lifetime is in seconds, 1 to {_LONGEST_LIFETIME}, not {lifetime}")
    claims: dict[str, Any] = {"client": client, "merchant_id": merchant_id}
    if ref is not None:
        claims["ref"] = _refs(ref)
    elif client == "frontend":
        raise ValueError("ref is missing: a frontend's token names its refs")
    claims["exp"] = int(time.time()) + lifetime
    token = jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})
    if client == "frontend" and len(token) > LONGEST_FRONTEND_TOKEN:
        raise ValueError(
            f"the token would have {len(token)} characters, and a browser's address has room for "
            f"{LONGEST_FRONTEND_TOKEN}: name fewer or shorter refs, or mint a token for each"
        )
    return token


def _refs(ref: Ref | Sequence[Ref]) -> str | list[str]:
    refs = [str(ref)] if isinstance(ref, str | int) else [str(each) for each in ref]
    if not 1 <= len(refs) <= _MOST_REFS or not all(refs):
        raise ValueError(f"ref is 1 to {_MOST_REFS} refs, none of them empty")
    return refs[0] if len(refs) == 1 else refs


def seconds_left(token: str) -> float | None:
    """Return in how many seconds a token ends, by the clock of this machine; None if unknown."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    end = claims.get("exp")
    return end - time.time() if isinstance(end, int | float) else None
