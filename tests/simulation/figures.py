"""The results of the simulation as figures and as tables. No I/O."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.simulation.search import Finding, Tally
from tools.table import Table


@dataclass(frozen=True, slots=True)
class MutantResult:
    """After how many interleavings a mutant was found, and by which invariant; None: not found."""

    name: str
    interleavings: int
    found_by: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was run, and what was found."""

    seed: str
    tally: Tally
    losses: Sequence[Finding]
    mutants: Sequence[MutantResult]
    seconds: float
    processes: int

    @property
    def good(self) -> bool:
        """Whether every invariant held and every mutant was found."""
        return not self.losses and all(one.found_by for one in self.mutants)

    def as_json(self) -> dict[str, Any]:
        """Return what is written as JSON."""
        return {
            "seed": self.seed,
            **asdict(self.tally),
            "losses": len(self.losses),
            "violations": [
                {"seed": one.seed, **asdict(one.run.violation)}
                for one in self.losses
                if one.run.violation is not None
            ],
            "seconds": round(self.seconds, 1),
            "per_second": round(self.tally.interleavings / max(self.seconds, 0.001)),
            "processes": self.processes,
            "mutants": [asdict(one) for one in self.mutants],
        }

    def tables(self) -> list[Table]:
        """Return what is printed."""
        tally = self.tally
        rate = tally.interleavings / max(self.seconds, 0.001)
        return [
            Table(
                "Interleavings",
                ("what", "count"),
                [
                    ("interleavings", f"{tally.interleavings:,}"),
                    ("invocations in them", f"{tally.invocations:,}"),
                    ("notifications published", f"{tally.published:,}"),
                    ("frames delivered", f"{tally.delivered:,}"),
                    ("polls answered", f"{tally.polls:,}"),
                    ("lag of the index, s", f"{tally.shortest_lag} to {tally.longest_lag}"),
                    ("losses", str(len(self.losses))),
                    (
                        "seconds",
                        f"{self.seconds:.1f} ({rate:,.0f} a second, processes: {self.processes})",
                    ),
                ],
            ),
            Table(
                "Mutants of the shipped code: each must be found",
                ("mutant", "found after", "by"),
                [
                    (one.name, f"{one.interleavings:,}", one.found_by or "NOT FOUND")
                    for one in self.mutants
                ],
            ),
        ]
