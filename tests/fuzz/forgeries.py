"""Every forgery, a part of `make verify`: at the verifier, at the handler, at real handshakes."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from lambdas.layer.auth import tokens
from lambdas.layer.auth.principal import Identity
from lambdas.layer.auth.tokens import InvalidToken
from tests.fuzz.oracle import identity_of
from tests.fuzz.product import NOTHING, forged_frames, forged_tokens, group_of
from tests.fuzz.recorder import REQUEST_ID, Recorder
from tests.kit.forgeries import FORGERIES, forgeries
from tests.kit.peer import PATIENCE
from tests.kit.tokens import KEYS, NOW
from tests.kit.verification import Progress, Result
from tools.deploy import LocalStage, local_stage
from tools.table import Table

ACCEPTED: Final = "accepted"
SHORT: Final = 5
LONG: Final = 100
"""Of the table, and again of the product, so many at real handshakes; one takes a second."""

_OTHER_KEY: Final = "w" * 40
_MAX_TOKEN: Final = 4_000
"""Characters; servers reject longer addresses and headers before they look at them."""

_MARGIN: Final = 60
"""Seconds within which a token of the table has reached its handshake."""


@dataclass(slots=True)
class Tally:
    """The answers to attempts: `answers[group][what][answer]` of them; `wrong` ones in words."""

    answers: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, group: str, what: str, answer: str, *, right: bool) -> None:
        """Count an attempt."""
        self.answers.setdefault(group, {}).setdefault(what, Counter())[answer] += 1
        if not right:
            self.wrong.append(f"{group}: {what}: {answer}")

    def groups(self) -> dict[str, Counter[str]]:
        """Return the answers of each group."""
        return {
            group: sum(named.values(), Counter[str]())
            for group, named in sorted(self.answers.items())
        }

    @property
    def total(self) -> int:
        """How many attempts there were."""
        return sum(answers.total() for answers in self.groups().values())


def listed_at_the_verifier() -> Tally:
    """Try each of the table; each must be rejected for its own reason."""
    tally = Tally()
    for what, (text, reason) in FORGERIES.items():
        answer = _verified(text)
        right = isinstance(answer, str) and answer.startswith(reason)
        tally.add("listed", what, answer if isinstance(answer, str) else ACCEPTED, right=right)
    return tally


def product_at_the_verifier() -> Tally:
    """Try the product; only what is not forged may be accepted, as the identity it claims."""
    tally = Tally()
    for one in forged_tokens(NOW, KEYS["first"], _OTHER_KEY):
        answer = _verified(one.token)
        right = answer == one.claimed if one.claimed else isinstance(answer, str)
        said = answer if isinstance(answer, str) else ACCEPTED
        tally.add(group_of(one.forged), ", ".join(one.forged), said, right=right)
    return tally


def _verified(text: str) -> Identity | str:
    """Return the identity, or the reason of the rejection."""
    try:
        return tokens.verify(text, KEYS.get, NOW)
    except InvalidToken as invalid:
        return invalid.reason


def frames_at_the_handler() -> Tally:
    """Try every frame; what its token does not allow must be forbidden and have no effect."""
    tally = Tally()
    for one in forged_frames():
        did = Recorder()
        reply = did.handler().handle(
            "a-connection", json.dumps(one.frame), request_id=REQUEST_ID, principal=one.principal
        )
        assert reply is not None
        forbidden = reply.get("code") == "forbidden"
        answer = f"forbidden: {reply.get('field', 'no token')}" if forbidden else ACCEPTED
        right = forbidden and not did.topics and not did.texts if one.forged else not forbidden
        tally.add(group_of(one.forged), f"{one.name}: {', '.join(one.forged)}", answer, right=right)
    return tally


def handshakes(stage: LocalStage, count: int, seed: str) -> Tally:
    """Try so many of the table and of the product; only what is not forged may open a socket.

    They go as `?token=` and as `Authorization` in turns, the latter where a header can hold them.
    """
    tally = Tally()
    for number, (group, what, text) in enumerate(_sampled(stage.keys()["first"], count, seed)):
        if number % 2 and text.isascii() and text.isprintable():
            way, url, headers = "Authorization", stage.url, {"Authorization": f"Bearer {text}"}
        else:
            query = quote(text.encode(errors="surrogatepass"), safe="")
            way, url, headers = "?token=", f"{stage.url}?token={query}", {}
        answer = _handshake(url, headers)
        right = (answer == ACCEPTED) == (group == NOTHING)
        tally.add(group, f"{what}, as {way}", answer, right=right)
    return tally


def _sampled(key: str, count: int, seed: str) -> Iterator[tuple[str, str, str]]:
    """Yield group, name and token of all that is not forged, and of a sample of the others."""
    now = int(time.time())
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    product = list(forged_tokens(now, key, _OTHER_KEY))
    forged = random.sample([one for one in product if one.forged], len(product) // 2)
    # One of each part that is forged alone: no other check would reject it.
    alone = {one.forged: one for one in forged if len(one.forged) == 1}.values()
    for one in (*(one for one in product if not one.forged), *alone, *forged[:count]):
        yield group_of(one.forged), ", ".join(one.forged), one.token
    names = [
        name
        for name, (text, _) in forgeries(now, key).items()
        if len(text) <= _MAX_TOKEN and identity_of(text, {"first": key}, now + _MARGIN) is None
    ]
    for name in random.sample(names, min(count, len(names))):
        # Made only now: what is two minutes ahead is not when a hundred have been tried.
        yield "listed", name, forgeries(int(time.time()), key)[name][0]


def _handshake(url: str, headers: Mapping[str, str]) -> str:
    try:
        with connect(url, additional_headers=headers, open_timeout=PATIENCE, proxy=None):
            return ACCEPTED
    except InvalidStatus as rejected:
        return f"status {rejected.response.status_code}"
    except InvalidHandshake as rejected:
        return type(rejected).__name__


def verify(*, long: bool, seed: str, progress: Progress) -> Result:
    """Try every forgery in process, and some or many at the handshakes of a stage of its own."""
    with TemporaryDirectory() as folder, local_stage(Path(folder), auth="required") as stage:
        at_handshakes = handshakes(stage, LONG if long else SHORT, seed)
    return judged(
        {
            "listed tokens, at the verifier": listed_at_the_verifier(),
            "the product of a token's parts, at the verifier": product_at_the_verifier(),
            "frames beyond a token, at the handler": frames_at_the_handler(),
            "tokens at real handshakes": at_handshakes,
        },
        progress,
    )


def judged(tried: Mapping[str, Tally], progress: Progress) -> Result:
    """Return what came of all attempts, by the place where they were tried."""
    for place, tally in tried.items():
        for wrong in tally.wrong:
            progress(f"{place}: BROKEN: {wrong}")
    columns = ("where, and what was forged", "attempts", ACCEPTED, "answers")
    rows: list[tuple[str, ...]] = [
        (
            f"{place}: {group}",
            f"{answers.total():,}",
            f"{answers[ACCEPTED]:,}",
            ", ".join(f"{answer} {n:,}" for answer, n in answers.most_common()),
        )
        for place, tally in tried.items()
        for group, answers in tally.groups().items()
    ]
    broken = sum(len(tally.wrong) for tally in tried.values())
    figures = {
        "attempts": sum(tally.total for tally in tried.values()),
        "broken": broken,
        "answers": {place: tally.answers for place, tally in tried.items()},
    }
    return Result(good=not broken, tables=[Table("Every forgery", columns, rows)], figures=figures)
