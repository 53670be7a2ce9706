"""What a part of the proof came to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tools.table import Table

Progress = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Result:
    """`good`: everything held. `figures` are what is written as JSON."""

    good: bool
    tables: list[Table]
    figures: dict[str, Any]


class Part(Protocol):
    """What `__main__` calls."""

    def __call__(self, *, long: bool, seed: str, progress: Progress) -> Result:
        """Attack: a little in the short form, and again the same for the same seed."""
