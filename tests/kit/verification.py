"""The result of a part of `make verify`."""

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
    """What `tests.verify` calls."""

    def __call__(self, *, long: bool, seed: str, progress: Progress) -> Result:
        """Look for counterexamples; the short form takes minutes, and a seed is reproducible."""
