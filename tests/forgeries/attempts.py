"""What is tried, and how it is counted. Values only."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.kit.forgeries import DAY
from tests.kit.tokens import ABSENT, token

IN: Final = "got in"
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class Combination:
    """One of the product: its token, which of its parts are forged, and its claims."""

    token: str
    forged: tuple[str, ...]
    claims: Mapping[str, Any]


@dataclass(slots=True)
class Tally:
    """What attempts got: `got[group][what][answer]` of them; `wrong` ones in words."""

    got: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, group: str, what: str, answer: str, *, wrong: bool) -> None:
        """Count an attempt; a wrong answer is one that it should not have got."""
        self.got.setdefault(group, {}).setdefault(what, Counter())[answer] += 1
        if wrong:
            self.wrong.append(f"{group}: {what}: {answer}")

    def groups(self) -> dict[str, Counter[str]]:
        """Return the answers of each group."""
        return {
            group: sum(whats.values(), Counter[str]()) for group, whats in sorted(self.got.items())
        }

    @property
    def total(self) -> int:
        """How many there were."""
        return sum(answers.total() for answers in self.groups().values())


def group_of(forged: Sequence[str]) -> str:
    """Return the row of the table for what was forged."""
    return (NOTHING, *forged)[-1] if len(forged) <= 1 else "several parts at once"


def combinations(now: int, key: str, other_key: str) -> Iterator[Combination]:
    """Yield the product of what a token is made of, each part good or forged.

    `now` in seconds since 1970; `key` is that of the kid `first`.
    """
    parts = _parts(now, key, other_key)
    for chosen in itertools.product(*parts.values()):
        values = dict(zip(parts, chosen, strict=True))
        forged = tuple(name for name, (_, good) in values.items() if not good)
        claims = {
            "client": values["role"][0],
            "merchant_id": values["merchant"][0],
            "ref": values["ref"][0],
            "exp": values["expiry"][0],
        }
        header = {"alg": values["algorithm"][0], "kid": values["kid"][0]}
        yield Combination(token(header, key=values["key"][0], now=now, **claims), forged, claims)


def _parts(now: int, key: str, other_key: str) -> dict[str, list[tuple[Any, bool]]]:
    def part(good: list[Any], forged: list[Any]) -> list[tuple[Any, bool]]:
        return [*((value, True) for value in good), *((value, False) for value in forged)]

    far = [now + DAY + 60, now + 365 * DAY]
    return {
        "role": part(["frontend", "backend"], [ABSENT, "admin", ["backend"]]),
        "merchant": part(["shop"], [ABSENT, 7]),
        "ref": part(["1", ["1", "2"]], [[], 1, None]),
        "expiry": part([now + 60, now + DAY], [ABSENT, now - 60, now, "2000000000", *far]),
        "algorithm": part(["HS256"], ["none", "HS512", "RS256"]),
        "kid": part(["first"], [ABSENT, "third", "second"]),
        "key": part([key], [other_key, ""]),
    }
