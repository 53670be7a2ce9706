"""Where a run takes its decisions from: a seed, or a list that was recorded earlier.

Every decision is a whole number from 0 up, and 0 is always the dullest: no fault, no delay, no
change of task. So a list with more zeros, or a shorter one, is a simpler run.
"""

from collections.abc import Sequence
from random import Random


class Choices:
    """Decisions, recorded as they are taken."""

    __slots__ = ("_given", "_random", "taken")

    def __init__(self, seed: str | None = None, given: Sequence[int] = ()) -> None:
        """Take what was recorded first; from then on the seed's, or zeros without a seed."""
        self._given = iter(given)
        self._random = None if seed is None else Random(seed).random  # noqa: S311 - no secret
        self.taken: list[int] = []

    def below(self, bound: int) -> int:
        """Return a number from 0 to below the bound."""
        given = next(self._given, None)
        if given is not None:
            value = min(given, bound - 1)
        elif self._random is not None:
            value = int(self._random() * bound)
        else:
            value = 0
        self.taken.append(value)
        return value

    def one_in(self, bound: int) -> bool:
        """Return True once in so many times."""
        return self.below(bound) == bound - 1
