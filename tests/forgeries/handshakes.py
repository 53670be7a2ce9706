"""Tokens at real handshakes of a deployed stage that requires them."""

import random
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from websockets.exceptions import InvalidHandshake, InvalidStatus

from tests.forgeries.attempts import IN, NOTHING, Combination, Tally, combinations, group_of
from tests.kit.forgeries import forgeries
from tests.kit.peer import peer
from tools.deploy import LocalStage

_LONGEST: Final = 4_000
"""Characters of a token; servers refuse longer addresses and headers before they look at them."""

_A_MOMENT_LATER_GOOD: Final = {
    "exp 24 hours and a second ahead",
    "exp 24 hours and a blink ahead",
    "nbf a second ahead",
}


def handshakes(stage: LocalStage, count: int, seed: str) -> Tally:
    """Try so many of the list and of the product; only who forged nothing may open a socket.

    They go as `?token=` and as `Authorization` in turns, the latter where a header can hold them.
    """
    tally = Tally()
    for number, (group, what, text) in enumerate(_tried(stage, count, seed)):
        how, answer = _try(stage, text, in_header=bool(number % 2))
        wrong = (answer == IN) == (group != NOTHING)
        tally.add(group, f"{what}, as {how}", answer, wrong=wrong)
    return tally


def _tried(stage: LocalStage, count: int, seed: str) -> Iterator[tuple[str, str, str]]:
    key = stage.keys()["first"]
    now = int(time.time())
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    listed = [
        what
        for what, (text, _) in forgeries(now, key).items()
        if what not in _A_MOMENT_LATER_GOOD and len(text) <= _LONGEST
    ]
    product = list(combinations(now, key, "w" * 40))
    tried = _of_each([one for one in product if one.forged], chance, count)
    # The good ones first: they end soon.
    for one in (*(one for one in product if not one.forged), *tried):
        yield group_of(one.forged), ", ".join(one.forged), one.token
    for what in chance.sample(listed, min(count, len(listed))):
        # Made only now: two minutes ahead is not ahead any more when a hundred have been tried.
        yield "listed", what, forgeries(int(time.time()), key)[what][0]


def _of_each(forged: list[Combination], chance: random.Random, count: int) -> list[Combination]:
    """Return so many: first one of each single forged part, which nothing else would stop."""
    alone = {one.forged: one for one in chance.sample(forged, len(forged)) if len(one.forged) == 1}
    return [*alone.values(), *chance.sample(forged, count)]


def _try(stage: LocalStage, text: str, *, in_header: bool) -> tuple[str, str]:
    if in_header and text.isascii() and text.isprintable():
        return "Authorization", _answer(stage.url, {"Authorization": f"Bearer {text}"})
    query = quote(text.encode(errors="surrogatepass"), safe="")
    return "?token=", _answer(f"{stage.url}?token={query}", {})


def _answer(url: str, headers: dict[str, str]) -> str:
    try:
        with peer(url, additional_headers=headers):
            return IN
    except InvalidStatus as refused:
        return f"status {refused.response.status_code}"
    except InvalidHandshake as refused:
        return type(refused).__name__
