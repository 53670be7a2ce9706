"""Who listens and who publishes, in commands that do both: by the tokens that there are."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jwt

from ws_notify.cli import options
from ws_notify.cli.failures import UsageError
from ws_notify.cli.stage import Stage


@dataclass(frozen=True, slots=True)
class Bearer:
    """One who connects, with a token or without."""

    token: str | None


@dataclass(frozen=True, slots=True)
class Roles:
    """What is talked about, and by whom; None where no token allows it.

    `borrowed`: the ref is one that the token names, so others may be listening to it.
    """

    merchant_id: str
    ref: str
    listener: Bearer | None
    publisher: Bearer | None
    borrowed: bool = False
    minted: bool = False


def roles_of(said: argparse.Namespace, found: Stage | None, name: str) -> Roles:
    """Give the tokens their roles; `name` is the command's. Raises Failure, UsageError.

    Without any token, both are minted with the stage's key where it has one. A token's claims
    say what they say: the service will check them.
    """
    tokens = options.tokens_of(said)
    ref = said.ref or f"{name}-{uuid4().hex[:12]}"
    if not tokens:
        return _without(found, said.merchant or f"ws-notify-{name}", ref)
    claims = {token: claims_of(token) for token in tokens}
    listeners = [token for token in tokens if claims[token].get("client") != "backend"]
    publishers = [token for token in tokens if claims[token].get("client") != "frontend"]
    first = claims[(listeners or publishers)[0]]
    bound = None if said.ref else _first(first.get("ref"))
    return Roles(
        merchant_id=said.merchant or str(first.get("merchant_id") or f"ws-notify-{name}"),
        ref=bound or ref,
        listener=Bearer(listeners[0]) if listeners else None,
        publisher=Bearer(publishers[-1]) if publishers else None,
        borrowed=bound is not None,
    )


def _without(found: Stage | None, merchant_id: str, ref: str) -> Roles:
    if not (found and found.has_keys):
        nobody = Bearer(None)
        return Roles(merchant_id, ref, nobody, nobody)
    mint = found.minter()
    try:
        listener, publisher = (
            Bearer(mint(client=client, merchant_id=merchant_id, ref=ref))
            for client in ("frontend", "backend")
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Roles(merchant_id, ref, listener, publisher, minted=True)


def claims_of(token: str) -> Mapping[str, Any]:
    """Read what a token says, without checking it; nothing where it is none."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}
    return claims


def kid_of(token: str) -> str | None:
    """Read which key a token says that signed it."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        return None
    return kid if isinstance(kid, str) else None


def _first(refs: Any) -> str | None:
    first = refs[0] if isinstance(refs, list) and refs else refs
    return str(first) if isinstance(first, str | int) else None
