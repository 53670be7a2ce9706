"""Verifying a token: a JWT with HS256, signed with one of the stage's keys. No I/O.

The claims are those of docs/protocol.md, section Tokens. A token may name only topics that a
frame may name.
"""

import json
from collections.abc import Callable
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm

from lambdas.layer.auth.principal import BACKEND, FRONTEND, Identity
from lambdas.layer.protocol.errors import InvalidMessage
from lambdas.layer.protocol.frames import topic_of

LONGEST_LIFE = 24 * 60 * 60
"""Seconds from now that a token may last."""

_MAX_REFS = 20
_MAX_CONTEXT = 7_000
"""Bytes: an authorizer's answer may have 8,192 (API Gateway's quota), its policy included."""

_NBF_LEEWAY = 60
"""Seconds: who mints may be ahead of this clock. `exp` has none, as what it ends stays ended.

RFC 7519, 4.1.5, allows for "no more than a few minutes".
"""

_ANY_REF = "any"

# `exp` and `nbf` are compared here, with the caller's clock. Of the claims that the protocol does
# not name, only `nbf` is honoured.
_OPTIONS: Any = {
    "require": ["exp"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class InvalidToken(Exception):  # noqa: N818 - a rejection is an answer, not a defect
    """A token that is not accepted; carries `reason`, which holds nothing of the token."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def verify(token: str, key_of: Callable[[str], str | None], now: float) -> Identity:
    """Return the identity that a token proves.

    `key_of` returns the key that a `kid` names, or None; `now` is in seconds since 1970. Raises
    InvalidToken; whatever `key_of` raises.
    """
    key = key_of(_kid(token))
    if key is None:
        raise InvalidToken("unknown kid")
    try:
        claims = jwt.decode(token, key, algorithms=["HS256"], options=_OPTIONS)
    except jwt.PyJWTError as error:
        raise InvalidToken(type(error).__name__) from error
    return _identity(claims, now)


def can_sign(key: str) -> bool:
    """Tell whether a key can sign tokens: for HMAC, PyJWT refuses what looks like one of a pair."""
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(key)
    except (jwt.InvalidKeyError, UnicodeEncodeError):  # the latter: half a surrogate pair
        return False
    return True


def _kid(token: str) -> str:
    if not token:
        raise InvalidToken("no token")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, UnicodeEncodeError) as error:  # the latter: half a surrogate pair
        raise InvalidToken(type(error).__name__) from error
    kid = header.get("kid")
    if header.get("alg") != "HS256":
        raise InvalidToken("alg is not HS256")
    if "crit" in header:
        raise InvalidToken("crit is not understood")
    if not isinstance(kid, str):
        raise InvalidToken("no kid")
    return kid


def _identity(claims: dict[str, Any], now: float) -> Identity:
    client = claims.get("client")
    if client not in (FRONTEND, BACKEND):
        raise InvalidToken("client")
    refs = _refs(claims, client)
    try:
        topics = [topic_of({**claims, "ref": ref}) for ref in refs or [_ANY_REF]]
    except InvalidMessage as error:
        raise InvalidToken(error.field or "") from None
    if "nbf" in claims and not (_is_time(claims["nbf"]) and claims["nbf"] <= now + _NBF_LEEWAY):
        raise InvalidToken("nbf is in the future or not a time")
    identity = Identity(
        client=client,
        merchant_id=topics[0].merchant_id,
        refs=None if refs is None else frozenset(str(topic.ref) for topic in topics),
        expires_at_ms=_expires_at(claims["exp"], now) * 1000,
    )
    if len(json.dumps(identity.to_context())) > _MAX_CONTEXT:
        raise InvalidToken("ref is too long to hand on")
    return identity


def _refs(claims: dict[str, Any], client: str) -> list[Any] | None:
    """Return what a token names as refs, each still to be checked; None for every ref."""
    if "ref" not in claims:
        if client == FRONTEND:
            raise InvalidToken("ref")
        return None
    refs = claims["ref"] if isinstance(claims["ref"], list) else [claims["ref"]]
    if not 1 <= len(refs) <= _MAX_REFS:
        raise InvalidToken("ref")
    return refs


def _expires_at(exp: Any, now: float) -> int:
    """Return the whole second in which a token expires, since 1970."""
    if not _is_time(exp) or not now < exp:
        raise InvalidToken("exp has passed or is not a time")
    if exp > now + LONGEST_LIFE:
        raise InvalidToken("exp is more than 24 hours ahead")
    return int(exp)


def _is_time(claim: Any) -> bool:
    return isinstance(claim, int | float) and not isinstance(claim, bool)
