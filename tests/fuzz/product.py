"""The product of what a token and a frame are made of, each part good or forged. Values only."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lambdas.layer.auth.principal import Identity, Principal, Unauthenticated
from tests.kit.forgeries import DAY
from tests.kit.peer import Frame, publication
from tests.kit.tokens import ABSENT, NOW, token

NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class ForgedToken:
    """A token, the names of its forged parts, and the identity that it claims."""

    token: str
    forged: Sequence[str]
    claimed: Identity | None


@dataclass(frozen=True, slots=True)
class ForgedFrame:
    """A frame, its principal, and the names of what about it goes beyond that principal's token."""

    name: str
    frame: Frame
    principal: Principal
    forged: Sequence[str]


def group_of(forged: Sequence[str]) -> str:
    """Return the row of the table for what was forged."""
    return (NOTHING, *forged)[-1] if len(forged) <= 1 else "several parts at once"


def forged_tokens(now: int, key: str, other_key: str) -> Iterator[ForgedToken]:
    """Yield every combination; `now` in seconds since 1970, `key` is that of the kid `first`."""
    far = (now + DAY + 60, now + 365 * DAY)
    parts: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
        "role": (("frontend", "backend"), (ABSENT, "admin", ["backend"])),
        "merchant": (("shop",), (ABSENT, 7)),
        "ref": (("1", ["1", "2"]), ([], 1, None)),
        "expiry": ((now + 60, now + DAY), (ABSENT, now - 60, now, "2000000000", *far)),
        "algorithm": (("HS256",), ("none", "HS512", "RS256")),
        "kid": (("first",), (ABSENT, "third", "second")),
        "key": ((key,), (other_key, "")),
    }
    choices = [
        [*((value, "") for value in good), *((value, name) for value in forged)]
        for name, (good, forged) in parts.items()
    ]
    for chosen in itertools.product(*choices):
        (client, merchant_id, ref, exp, alg, kid, signed_with), names = zip(*chosen, strict=True)
        forged = tuple(filter(None, names))
        claims = {"client": client, "merchant_id": merchant_id, "ref": ref, "exp": exp}
        text = token({"alg": alg, "kid": kid}, key=signed_with, now=now, **claims)
        claimed = None if forged else Identity(client, merchant_id, frozenset(ref), exp * 1000)
        yield ForgedToken(text, forged, claimed)


def forged_frames() -> Iterator[ForgedFrame]:
    """Yield every action on every topic by every principal, whose token has ended at NOW or not."""
    principals: list[Principal] = [Unauthenticated()]
    all_refs = (None, frozenset({"7"}), frozenset({"7", "8"}))
    for role, refs, expires_at in itertools.product(
        ("frontend", "backend"), all_refs, (NOW * 1000 + 1, NOW * 1000)
    ):
        if role == "backend" or refs is not None:
            principals.append(Identity(role, "shop", refs, expires_at))
    merchants = ("shop", "other", "Shop", "shop:")
    refs_named: tuple[str | int, ...] = ("7", 7, "8", "07", "7 ")
    for principal, merchant_id, ref in itertools.product(principals, merchants, refs_named):
        topic = {"merchant_id": merchant_id, "ref": ref}
        for name, role, frame in (
            ("subscribe", "frontend", {"client": "frontend", **topic}),
            ("unsubscribe", "frontend", {"action": "unsubscribe", **topic}),
            ("publish", "backend", publication(merchant_id, ref)),
        ):
            yield ForgedFrame(name, frame, principal, _beyond(principal, role, frame))


def _beyond(principal: Principal, role: str, frame: Frame) -> list[str]:
    if not isinstance(principal, Identity):
        return ["token"]
    forged = {
        "role": role != principal.client,
        "merchant": frame["merchant_id"] != principal.merchant_id,
        "ref": principal.refs is not None and str(frame["ref"]) not in principal.refs,
        "expiry": principal.expires_at_ms <= NOW * 1000,
    }
    return [name for name, is_forged in forged.items() if is_forged]
