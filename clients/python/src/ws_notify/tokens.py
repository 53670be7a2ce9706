"""Tokens: minting them, and reading their claims unverified."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

import jwt

from ws_notify.core.jsonable import is_lazy, to_json, unwrap
from ws_notify.core.rules import validate_field
from ws_notify.fields import build_ref
from ws_notify.secret import CURRENT, MIN_KEY_LENGTH
from ws_notify.values import AnyRef, AnyText

MAX_LIFETIME = 24 * 60 * 60
"""Seconds, by the clock of the service."""

MAX_FRONTEND_TOKEN = 3_800
"""Characters: a browser sends it in the URL, of which API Gateway accepts 4,096.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

_MAX_REFS = 20
_MAX_CONTEXT = 7_000
"""Bytes that the service hands on of a token; API Gateway's quota of an authorizer is 8,192."""


def mint_token(  # noqa: PLR0913 - a token has these parts
    key: str,
    kid: str,
    *,
    client: Literal["frontend", "backend"],
    merchant_id: AnyText,
    ref: AnyRef | Iterable[AnyRef] | None = None,
    lifetime: int = 3600,
) -> str:
    """Return a token for one merchant, HS256, that expires in `lifetime` seconds.

    `key` is the one that `kid` names in the stage's secret. A `frontend` may only subscribe, to
    the `ref` or up to 20; a `backend` may only publish, to every ref where none is given. The
    lifetime is at most 24 hours, by the clock of AWS: stay below. Raises ValueError and TypeError
    for claims that the service would reject, and for a `frontend`'s token that does not fit into a
    URL.
    """
    _check_key(key, kid)
    if not 0 < lifetime <= MAX_LIFETIME:
        raise ValueError(f"lifetime is in seconds, 1 to {MAX_LIFETIME}, not {lifetime}")
    claims = {**build_claims(client, merchant_id, ref), "exp": int(time.time()) + lifetime}
    try:
        token = jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})
    except (jwt.InvalidKeyError, UnicodeEncodeError):  # without the cause, which holds the key
        raise ValueError("key cannot sign: it is one of a pair (PEM, SSH), or not text") from None
    if client == "frontend" and len(token) > MAX_FRONTEND_TOKEN:
        raise ValueError(
            f"the token would have {len(token)} characters, and a browser's URL has room for "
            f"{MAX_FRONTEND_TOKEN}: name fewer or shorter refs, or mint a token for each"
        )
    check_size(claims)
    return token


def build_claims(client: object, merchant_id: Any, ref: Any) -> dict[str, Any]:
    """Return the claims that say what a token allows. Raises ValueError, TypeError."""
    if client not in ("frontend", "backend"):
        raise ValueError(f"client is 'frontend' or 'backend', not {client!r}")
    if ref is None and client == "frontend":
        raise ValueError("ref is missing: a frontend's token names its refs")
    merchant = to_json(merchant_id, "merchant_id")
    validate_field("merchant_id", merchant)
    claims: dict[str, Any] = {"client": client, "merchant_id": merchant}
    if ref is not None:
        refs = _refs(ref)
        claims["ref"] = refs[0] if len(refs) == 1 else refs
    return claims


def _check_key(key: str, kid: str) -> None:
    if not key or not kid:
        raise ValueError("key and kid are both needed: one pair of the stage's secret")
    if not isinstance(to_json(kid, "kid"), str):
        raise TypeError(f"kid must be a string, not {type(kid).__name__}")
    if kid == CURRENT:
        raise ValueError(f"kid must name a key, and {CURRENT!r} in the secret only names its kid")
    if len(key) < MIN_KEY_LENGTH:
        raise ValueError(
            f"key is too short: the service accepts none of less than {MIN_KEY_LENGTH} characters"
        )


def check_size(claims: Mapping[str, Any]) -> None:
    """Raise ValueError for claims that are more than the service hands on; they have an `exp`."""
    refs = claims.get("ref")
    refs = [refs] if isinstance(refs, str) else refs and sorted(set(refs))
    # What the service's authorizer hands on: texts, the refs as JSON within JSON.
    context = {"client": claims["client"], "merchant_id": claims["merchant_id"],
               "refs": json.dumps(refs), "expires_at_ms": str(claims["exp"] * 1000)}  # fmt: skip
    if len(json.dumps(context)) > _MAX_CONTEXT:
        raise ValueError(
            "ref is too long: the service takes 20 refs of 330 ASCII characters in one token. Name "
            "fewer or shorter refs, or none, or mint a token for each"
        )


def _refs(ref: AnyRef | Iterable[AnyRef]) -> list[str]:
    """Return the refs as strings. Raises ValueError, TypeError."""
    ref = unwrap(ref)
    # A string is iterable, too.
    one = (
        isinstance(ref, str | bytes | bytearray | dict)
        or is_lazy(ref)
        or not isinstance(ref, Iterable)
    )
    refs: list[Any] = [ref] if one else list(cast("Iterable[AnyRef]", ref))
    if not 1 <= len(refs) <= _MAX_REFS:
        raise ValueError(f"ref is one ref or a list of 1 to {_MAX_REFS} refs, not of {len(refs)}")
    return [str(build_ref(each)) for each in refs]


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
