"""What was forged and how it was answered; the tokens to try at a deployed stage. No requests."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.fuzz.oracle import identity_of
from tests.fuzz.product import forged_tokens
from tests.kit.forgeries import forgeries

ACCEPTED: Final = "accepted"

_MAX_TOKEN: Final = 4_000
"""Characters; servers reject longer addresses and headers before they look at them."""

_MARGIN: Final = 60
"""Seconds within which a token of the table has reached its stage."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was forged and how it was answered; `right`: as it should be."""

    group: str
    what: str
    answer: str
    right: bool


def group_of(forged: Collection[str]) -> str:
    """Return the group of what has these parts forged."""
    return "several parts at once" if len(forged) > 1 else next(iter(forged), "nothing")


def fits_a_header(text: str) -> bool:
    """Tell whether a header's value can hold it: white space around it would be taken off."""
    return text.isascii() and text.isprintable() and text == text.strip()


def sampled(
    key: str, count: int, seed: str, *, whole: bool = False
) -> Iterator[tuple[str, str, str]]:
    """Yield group, name and token of all that is not forged, and of a sample of the others.

    `count`: of the product, and again of the table, unless the `whole` table is wanted.
    """
    now = int(time.time())
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    product = list(forged_tokens(now, key))
    random.shuffle(product)
    good = [one for one in product if not one.forged]
    # One of each part that is forged alone: no other check would reject it.
    alone = {one.forged[0]: one for one in product if len(one.forged) == 1}
    for forged, text, _ in (*good, *alone.values(), *product[:count]):
        yield group_of(forged), ", ".join(forged), text
    made, table = now, forgeries(now, key)
    names = [
        name
        for name, (text, _) in table.items()
        if len(text) <= _MAX_TOKEN and identity_of(text, {"first": key}, now + _MARGIN) is None
    ]
    for name in random.sample(names, len(names) if whole else min(count, len(names))):
        if time.time() > made + _MARGIN / 2:  # what is two minutes ahead is not after a hundred
            made = int(time.time())
            table = forgeries(made, key)
        yield "listed", name, table[name][0]
