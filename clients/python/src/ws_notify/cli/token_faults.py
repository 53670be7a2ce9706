"""What is wrong with a token that was given: the header or claim at fault. No I/O.

The rules are those of docs/protocol.md, section Tokens. The signature can be checked only where the
keys of the stage are known.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from ws_notify.cli.terminal import format_duration
from ws_notify.secret import CURRENT
from ws_notify.tokens import MAX_FRONTEND_TOKEN, MAX_LIFETIME, build_claims, check_size, read_claims

_NBF_LEEWAY = 60
_MAX_TIME = 10**11
"""In seconds, this is the year 5138: more is in milliseconds."""


def find_fault(token: str, now: float, keys: Mapping[str, str] | None = None) -> str | None:
    """Return what the service would refuse in a token, with a remedy; None where nothing is seen.

    `now` is in seconds since 1970; `keys` are those of the stage by their `kid`, where known.
    """
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - RFC 7515, 3.1
        return "it is not a JWT (three parts with dots between them)"
    header, claims = _content(parts[0]), _content(parts[1])
    if header is None or claims is None:
        return "it is not a JWT: its header and its claims must be JSON objects in base64url"
    return (
        _fault_of_header(header, keys)
        or _fault_of_rights(claims)
        or _fault_of_times(claims, now)
        or _fault_of_size(claims, token)
        or (_fault_of_signature(token, keys[header["kid"]]) if keys else None)
    )


def find_mismatch(token: str, merchant_id: str | None, ref: str | None) -> str | None:
    """Return which of the wanted merchant and ref a token does not allow; None: not wanted."""
    claims = read_claims(token)
    if merchant_id and claims.get("merchant_id") != merchant_id:
        return f"merchant_id is {_shown(claims, 'merchant_id')}, and --merchant is {merchant_id!r}"
    refs = claims.get("ref")
    allowed = refs if isinstance(refs, list) else [refs]
    if ref and "ref" in claims and ref not in map(str, allowed):
        return f"ref is {_shown(claims, 'ref')}, and --ref is {ref!r}"
    return None


def _content(part: str) -> dict[str, Any] | None:
    try:
        content = json.loads(_bytes(part))
    except (ValueError, RecursionError):  # not base64url, not UTF-8, not JSON
        return None
    return content if isinstance(content, dict) else None


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))


def _fault_of_header(header: dict[str, Any], keys: Mapping[str, str] | None) -> str | None:
    alg, kid = header.get("alg"), header.get("kid")
    if alg != "HS256":
        return (
            f"alg in its header is {alg!r}, and the service accepts HS256 alone: name it where you "
            "sign, since some libraries choose by the length of the key"
        )
    if "crit" in header:
        return "crit is in its header, which the service does not accept: leave it out"
    if not isinstance(kid, str) or kid == CURRENT:
        return f"kid in its header is {kid!r}: it must name the key, one of those in the secret"
    if keys is not None and kid not in keys:
        known = ", ".join(map(repr, keys))
        return f"kid in its header is {kid!r}, and the stage has only {known}"
    return None


def _fault_of_rights(claims: dict[str, Any]) -> str | None:
    client, merchant_id, ref = (claims.get(name) for name in ("client", "merchant_id", "ref"))
    if not isinstance(merchant_id, str):
        return f"merchant_id is {_shown(claims, 'merchant_id')}: it must be a string"
    refs = ref if isinstance(ref, list) else [ref]
    for each in refs if "ref" in claims else []:
        # A subclass of int is bool: JSON's true is not a ref.
        if type(each) not in (str, int) or (type(each) is int and abs(each) >= 2**53):
            return (
                f"ref is {_shown(claims, 'ref')}: it must be a string, an integer within "
                "±(2^53 - 1), or a list of these"
            )
    try:
        # Of the stage's rules, this package has those for minting.
        built = build_claims(client, merchant_id, ref)
        if client == "backend":  # a frontend's is bounded by its length, which is looked at below
            check_size({**built, "exp": 9_999_999_999})
    except (ValueError, TypeError) as error:
        return str(error)
    return None


def _shown(claims: Mapping[str, Any], name: str) -> str:
    return json.dumps(claims[name], ensure_ascii=False)[:60] if name in claims else "missing"


def _fault_of_times(claims: dict[str, Any], now: float) -> str | None:
    for name in ("exp", "nbf"):
        value = claims.get(name)
        if name == "nbf" and name not in claims:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{name} is {_shown(claims, name)}: it must be a number, seconds since 1970"
        if not -_MAX_TIME <= value <= _MAX_TIME:
            return f"{name} is {_shown(claims, name)}: it must be in seconds (is it milliseconds?)"
    left, early = claims["exp"] - now, claims.get("nbf", now) - now
    if not left > 0:
        return f"exp: it expired {format_duration(-left)} ago by this machine's clock"
    if left > MAX_LIFETIME:
        return f"exp: it lasts {format_duration(left)}, and more than 24 hours is rejected"
    if not early <= _NBF_LEEWAY:
        return f"nbf: it is valid only in {format_duration(early)} by this machine's clock"
    return None


def _fault_of_size(claims: dict[str, Any], token: str) -> str | None:
    if claims["client"] == "frontend" and len(token) > MAX_FRONTEND_TOKEN:
        return (
            f"its size is {len(token)} characters, and a browser's URL has room for "
            f"{MAX_FRONTEND_TOKEN}: name fewer or shorter refs"
        )
    return None


def _fault_of_signature(token: str, key: str) -> str | None:
    signed, _, signature = token.rpartition(".")
    try:
        given = _bytes(signature)
    except ValueError:
        given = b""

    def signs(secret: bytes) -> bool:
        return hmac.compare_digest(given, hmac.digest(secret, signed.encode(), hashlib.sha256))

    if signs(key.encode()):
        return None
    for name, decode in (("base64", _bytes), ("hexadecimal", bytes.fromhex)):
        try:
            decoded = decode(key)
        except ValueError:
            continue
        if signs(decoded):
            return (
                f"its signature is by the key decoded as {name}: the key is its UTF-8 text, as it "
                "stands in the secret"
            )
    return "its signature is not by the key that its kid names: take the key's UTF-8 text"
