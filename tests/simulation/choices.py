"""The choices of a run: drawn from a seed, or recorded earlier.

Each is a whole number from 0 up, and 0 is the simplest: no fault, no delay, no change of task. So a
shorter list, or one with more zeros, is a simpler run.
"""

from collections.abc import Sequence
from random import Random


class Choices:
    """Choices, recorded in `taken`."""

    __slots__ = ("_random", "_recorded", "taken")

    def __init__(self, seed: str | None = None, recorded: Sequence[int] = ()) -> None:
        """Take the recorded ones first, then those of the seed, or zeros without a seed."""
        self._recorded = iter(recorded)
        self._random = None if seed is None else Random(seed).random  # noqa: S311 - no secret
        self.taken: list[int] = []

    def below(self, bound: int) -> int:
        """Return a number from 0 to below the bound."""
        recorded = next(self._recorded, None)
        if recorded is not None:
            value = min(recorded, bound - 1)
        elif self._random is not None:
            value = int(self._random() * bound)
        else:
            value = 0
        self.taken.append(value)
        return value

    def of(self, values: Sequence[int]) -> int:
        """Return one of these, of which the first is the simplest."""
        return values[self.below(len(values))]

    def one_in(self, bound: int) -> bool:
        """Return True with a probability of 1 in `bound`."""
        return self.below(bound) == bound - 1
