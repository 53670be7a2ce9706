"""Who subscribes and who publishes, in commands that do both: derived from the tokens."""

import argparse
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ws_notify.cli import options
from ws_notify.cli.failures import UsageError
from ws_notify.cli.stage import Stage
from ws_notify.tokens import read_claims


@dataclass(frozen=True, slots=True)
class Principal:
    """A client that connects, with a token or without."""

    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Roles:
    """The topic, its subscriber and its publisher; None where no token allows it.

    `shared`: the ref is one that the token names, so others may be subscribed to it.
    """

    merchant_id: str
    ref: str
    listener: Principal | None
    publisher: Principal | None
    shared: bool = False
    minted: bool = False


def roles_of(args: argparse.Namespace, found: Stage | None, name: str) -> Roles:
    """Give the tokens their roles; `name` is the command's. Raises Failure, UsageError.

    Without any token, both are minted with the stage's key where it has one. Claims are read
    without verifying the signature, which the service does.
    """
    tokens = options.tokens_of(args)
    ref = args.ref or f"{name}-{uuid4().hex[:12]}"
    if not tokens:
        return _minted(found, args.merchant or f"ws-notify-{name}", ref)
    claims = {token: read_claims(token) for token in tokens}
    listeners = [token for token in tokens if claims[token].get("client") != "backend"]
    publishers = [token for token in tokens if claims[token].get("client") != "frontend"]
    first = claims[(listeners or publishers)[0]]
    bound = None if args.ref else _first(first.get("ref"))
    return Roles(
        merchant_id=args.merchant or str(first.get("merchant_id") or f"ws-notify-{name}"),
        ref=bound or ref,
        listener=Principal(listeners[0]) if listeners else None,
        publisher=Principal(publishers[-1]) if publishers else None,
        shared=bound is not None,
    )


def _minted(found: Stage | None, merchant_id: str, ref: str) -> Roles:
    if not (found and found.has_keys):
        anonymous = Principal(None)
        return Roles(merchant_id, ref, anonymous, anonymous)
    mint = found.keys().mint_token
    try:
        listener = Principal(mint(client="frontend", merchant_id=merchant_id, ref=ref))
        publisher = Principal(mint(client="backend", merchant_id=merchant_id, ref=ref))
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Roles(merchant_id, ref, listener, publisher, minted=True)


def _first(refs: Any) -> str | None:
    first = refs[0] if isinstance(refs, list) and refs else refs
    return str(first) if isinstance(first, str | int) else None
