"""Every forgery, a part of `make verify`: in process, and at stages of their own."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from lambdas.layer.auth import tokens
from lambdas.layer.auth.principal import Identity
from tests.fuzz.attempts import ACCEPTED, Attempt, fits_a_header, group_of, sampled
from tests.fuzz.http_forgeries import (
    listed_at_default,
    listed_at_the_authorizer,
    requests,
    requests_at_default,
)
from tests.fuzz.product import forged_frames, forged_tokens
from tests.fuzz.recorder import REQUEST_ID, Recorder
from tests.kit.forgeries import FORGERIES
from tests.kit.peer import TIMEOUT
from tests.kit.tokens import KEYS, NOW
from tests.kit.verification import Progress, Result
from tools.deploy import LocalStage, local_stage
from tools.table import Table

SHORT: Final = 5
LONG: Final = 100
"""Of the table, and again of the product, so many at real handshakes; one takes a second."""


def listed_at_the_verifier() -> Iterator[Attempt]:
    """Try each of the table; each must be rejected for its own reason."""
    for what, (text, reason) in FORGERIES.items():
        identity, answer = _verified(text)
        yield Attempt("listed", what, answer, not identity and answer.startswith(reason))


def product_at_the_verifier() -> Iterator[Attempt]:
    """Try the product; only what is not forged may be accepted, as the identity it claims."""
    for forged, text, claimed in forged_tokens(NOW, KEYS["first"]):
        identity, answer = _verified(text)
        yield Attempt(group_of(forged), ", ".join(forged), answer, identity == claimed)


def _verified(text: str) -> tuple[Identity | None, str]:
    try:
        return tokens.verify(text, KEYS.get, NOW), ACCEPTED
    except tokens.InvalidToken as invalid:
        return None, invalid.reason


def frames_at_the_handler() -> Iterator[Attempt]:
    """Try every frame; what its token does not allow must be forbidden and have no effect."""
    for forged, frame, principal in forged_frames():
        did, text = Recorder(), json.dumps(frame)
        reply = did.handler().handle("c", text, request_id=REQUEST_ID, principal=principal) or {}
        forbidden = reply.get("code") == "forbidden"
        answer = f"forbidden: {reply.get('field', 'no token')}" if forbidden else ACCEPTED
        right = forbidden and not did.topics and not did.texts if forged else not forbidden
        yield Attempt(group_of(forged), f"{', '.join(forged)} of {text}", answer, right)


def handshakes(stage: LocalStage, count: int, seed: str) -> Iterator[Attempt]:
    """Try so many of the table and of the product; only what is not forged may open a socket.

    They go as `?token=` and as `Authorization` in turns, the latter where a header can hold them.
    """
    for number, (group, what, text) in enumerate(sampled(stage.keys()["first"], count, seed)):
        if number % 2 and fits_a_header(text):
            answer = _handshake(stage.url, {"Authorization": f"Bearer {text}"})
        else:
            query = quote(text.encode(errors="surrogatepass"), safe="")
            answer = _handshake(f"{stage.url}?token={query}", {})
        yield Attempt(group, what, answer, (answer == ACCEPTED) == (group == "nothing"))


def _handshake(url: str, headers: Mapping[str, str]) -> str:
    try:
        with connect(url, additional_headers=headers, open_timeout=TIMEOUT, proxy=None):
            return ACCEPTED
    except InvalidStatus as rejected:
        return f"status {rejected.response.status_code}"
    except InvalidHandshake as rejected:
        return type(rejected).__name__


def verify(*, long: bool, seed: str, progress: Progress) -> Result:
    """Try every forgery in process, and some or many of them at stages of their own."""
    count = LONG if long else SHORT
    with TemporaryDirectory() as folder:
        with local_stage(Path(folder) / "required", auth="required") as stage:
            at_handshakes = list(handshakes(stage, count, seed))
            required = list(requests(stage, count, seed, required=True))
        with local_stage(Path(folder) / "optional", auth="optional") as stage:
            optional = list(requests(stage, count, seed, required=False))
    tried = {
        "listed tokens, at the verifier": listed_at_the_verifier(),
        "the product of a token's parts, at the verifier": product_at_the_verifier(),
        "frames beyond a token, at the handler": frames_at_the_handler(),
        "listed tokens over HTTPS, at the authorizer": listed_at_the_authorizer(),
        "listed tokens over HTTPS, beside no context": listed_at_default(),
        "requests beyond a token, at `default`": requests_at_default(),
        "tokens at real handshakes": at_handshakes,
        "tokens of real requests, required": required,
        "tokens of real requests, optional": optional,
    }
    return judged(tried, progress)


def judged(tried: Mapping[str, Iterable[Attempt]], progress: Progress) -> Result:
    """Return what came of all attempts, by the place where they were tried."""
    answers: dict[tuple[str, str], Counter[str]] = {}
    broken = 0
    for place, attempts in tried.items():
        for one in attempts:
            answers.setdefault((place, one.group), Counter())[one.answer] += 1
            if not one.right:
                broken += 1
                progress(f"{place}: BROKEN: {one.group}: {one.what}: {one.answer}")
    places = list(tried)
    order = sorted(answers, key=lambda at: (places.index(at[0]), at[1]))
    groups = {": ".join(at): answers[at] for at in order}
    columns = ("where, and what was forged", "attempts", ACCEPTED, "answers")
    rows: list[tuple[str, ...]] = [
        (
            group,
            f"{counted.total():,}",
            f"{counted[ACCEPTED]:,}",
            ", ".join(f"{answer} {n:,}" for answer, n in counted.most_common()),
        )
        for group, counted in groups.items()
    ]
    figures = {
        "attempts": sum(counted.total() for counted in groups.values()),
        "broken": broken,
        "answers": groups,
    }
    return Result(good=not broken, tables=[Table("Every forgery", columns, rows)], figures=figures)
