"""The product of what a token and a frame are made of, each part good or forged. Values only."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from lambdas.layer.auth.principal import Identity, Principal, Unauthenticated
from tests.kit.forgeries import DAY
from tests.kit.peer import Frame, publication
from tests.kit.tokens import ABSENT, NOW, token


class ForgedToken(NamedTuple):
    """A token, and the identity that it claims, for which only nothing forged may be accepted."""

    forged: list[str]
    token: str
    claimed: Identity | None


class ForgedRequest(NamedTuple):
    """A request over HTTPS; what goes beyond the token of its principal counts as forged."""

    forged: list[str]
    path: str
    body: Frame
    principal: Principal


class ForgedFrame(NamedTuple):
    """A frame, and its principal; what goes beyond that principal's token counts as forged."""

    forged: list[str]
    frame: Frame
    principal: Principal


def forged_tokens(now: int, key: str) -> Iterator[ForgedToken]:
    """Yield every combination; `now` in seconds since 1970, `key` is that of the kid `first`."""
    far = (now + DAY + 60, now + 365 * DAY)
    parts: dict[str, tuple[list[Any], list[Any]]] = {
        "role": (["frontend", "backend"], [ABSENT, "admin", ["backend"]]),
        "merchant": (["shop"], [ABSENT, 7]),
        "ref": (["1", ["1", "2"]], [[], True, None]),
        "expiry": ([now + 60, now + DAY], [ABSENT, now - 60, now, "2000000000", *far]),
        "algorithm": (["HS256"], ["none", "HS512", "RS256"]),
        "kid": (["first"], [ABSENT, "third", "second"]),
        "key": ([key], ["w" * 40, ""]),
    }
    choices = (
        [(value, [name] * (at >= len(good))) for at, value in enumerate(good + bad)]
        for name, (good, bad) in parts.items()
    )
    for chosen in itertools.product(*choices):
        client, merchant_id, ref, exp, alg, kid, signing_key = (value for value, _ in chosen)
        claims = {"client": client, "merchant_id": merchant_id, "ref": ref, "exp": exp}
        text = token({"alg": alg, "kid": kid}, key=signing_key, now=now, **claims)
        forged = [name for _, names in chosen for name in names]
        claimed = None if forged else Identity(client, merchant_id, frozenset(ref), exp * 1000)
        yield ForgedToken(forged, text, claimed)


def forged_frames() -> Iterator[ForgedFrame]:
    """Yield every action on every topic by every principal, whose token has ended at NOW or not."""
    for topic, principal in _asked():
        merchant_id, ref = topic.values()
        for role, frame in (
            ("frontend", {"client": "frontend", **topic}),
            ("frontend", {"action": "unsubscribe", **topic}),
            ("backend", publication(merchant_id, ref)),
        ):
            yield ForgedFrame(_beyond(principal, role, frame), frame, principal)


def forged_requests() -> Iterator[ForgedRequest]:
    """Yield both requests over HTTPS for the same; a poll is for every role."""
    for topic, principal in _asked():
        for role, path in (("backend", "/publish"), (None, "/notifications")):
            body = publication(*topic.values())
            yield ForgedRequest(_beyond(principal, role, topic), path, body, principal)


def _asked() -> Iterator[tuple[Frame, Principal]]:
    refs_named: tuple[str | int, ...] = ("7", 7, "8", "07", "7 ")
    topics = itertools.product(("shop", "other", "Shop", "shop:"), refs_named)
    for (merchant_id, ref), principal in itertools.product(topics, list(_principals())):
        yield {"merchant_id": merchant_id, "ref": ref}, principal


def _principals() -> Iterator[Principal]:
    yield Unauthenticated()
    some = (frozenset({"7"}), frozenset({"7", "8"}))
    for role, refs in (("frontend", some), ("backend", (None, *some))):
        for named, expires_at_ms in itertools.product(refs, (NOW * 1000 + 1, NOW * 1000)):
            yield Identity(role, "shop", named, expires_at_ms)


def _beyond(principal: Principal, role: str | None, frame: Frame) -> list[str]:
    if not isinstance(principal, Identity):
        return ["token"]
    forged = {
        "role": role not in {None, principal.client},
        "merchant": frame["merchant_id"] != principal.merchant_id,
        "ref": principal.refs is not None and str(frame["ref"]) not in principal.refs,
        "expiry": principal.expires_at_ms <= NOW * 1000,
    }
    return [name for name, is_forged in forged.items() if is_forged]
