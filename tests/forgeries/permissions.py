"""Frames that go further than the token of their connection: its role, merchant, refs, end."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from lambdas.layer.auth.principal import Identity, Principal, Unauthenticated
from lambdas.layer.handler import Handler
from tests.forgeries.attempts import IN, Tally, group_of
from tests.fuzz.verdict import REQUEST, Recorder
from tests.kit.peer import Frame, publication

_NOW: Final = 1_000_000_000
_REFS: Final[tuple[frozenset[str] | None, ...]] = (None, frozenset({"7"}), frozenset({"7", "8"}))
_ENDS: Final = {"alive": _NOW + 1, "ended": _NOW}


@dataclass(frozen=True, slots=True)
class _Act:
    name: str
    role: str
    frame: Frame


def _acts(merchant_id: str, ref: Any) -> Iterator[_Act]:
    topic = {"merchant_id": merchant_id, "ref": ref}
    yield _Act("subscribe", "frontend", {"client": "frontend", **topic})
    yield _Act("unsubscribe", "frontend", {"action": "unsubscribe", **topic})
    yield _Act("publish", "backend", publication(merchant_id, ref))


def beyond() -> Tally:
    """Try every act as every principal; what their token does not say must do nothing."""
    tally = Tally()
    topics = itertools.product(("shop", "other", "Shop", "shop:"), ("7", 7, "8", "07", "7 "))
    acts = [act for topic in topics for act in _acts(*topic)]
    for (principal, who), act in itertools.product(_principals(), acts):
        did = Recorder()
        handler = Handler(cast("Any", did), cast("Any", did), clock=lambda: _NOW)
        text = json.dumps(act.frame)
        reply = handler.handle("a-connection", text, request_id=REQUEST, principal=principal) or {}
        refused = reply.get("code") == "forbidden"
        answer = f"forbidden: {reply.get('field', 'no token')}" if refused else IN
        forged = _beyond(principal, act)
        quiet = refused and not did.topics and not did.texts
        wrong = (not quiet) if forged else answer != IN
        what = f"{act.name} by {who}: {', '.join(forged)}"
        tally.add(group_of(forged), what, answer, wrong=wrong)
    return tally


def _principals() -> Iterator[tuple[Principal, str]]:
    yield Unauthenticated(), "no token"
    for role, refs, end in itertools.product(("frontend", "backend"), _REFS, _ENDS.values()):
        if role == "backend" or refs is not None:
            yield Identity(role, "shop", refs, end), role


def _beyond(principal: Principal, act: _Act) -> list[str]:
    """Return what about an act the principal has no right to."""
    if not isinstance(principal, Identity):
        return ["token"]
    ref = str(act.frame["ref"])
    forged = {
        "role": act.role != principal.client,
        "merchant": act.frame["merchant_id"] != principal.merchant_id,
        "ref": principal.refs is not None and ref not in principal.refs,
        "expiry": principal.expires_at_ms <= _NOW,
    }
    return [name for name, is_forged in forged.items() if is_forged]
