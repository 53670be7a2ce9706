"""What the interleavings came to: as figures, and as tables. No I/O."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.simulation.search import Finding, Tally
from tools.table import Table


@dataclass(frozen=True, slots=True)
class Broken:
    """How a break was found: `tries`, the interleavings until then; what failed; None: not."""

    name: str
    tries: int
    found: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was tried, and what came of it."""

    seed: str
    tally: Tally
    losses: Sequence[Finding]
    breaks: Sequence[Broken]
    seconds: float
    processes: int

    @property
    def good(self) -> bool:
        """Whether everything held, and every break was found."""
        return not self.losses and all(one.found for one in self.breaks)

    def as_json(self) -> dict[str, Any]:
        """Return what is written to a file."""
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
            "breaks": [asdict(one) for one in self.breaks],
        }

    def tables(self) -> list[Table]:
        """Return what is printed."""
        tally = self.tally
        rate = tally.interleavings / max(self.seconds, 0.001)
        return [
            Table(
                "Every interleaving",
                ("what", "count"),
                [
                    ("interleavings tried", f"{tally.interleavings:,}"),
                    ("invocations in them", f"{tally.invocations:,}"),
                    ("notifications published", f"{tally.published:,}"),
                    ("frames delivered", f"{tally.delivered:,}"),
                    ("lag of the index, s", f"{tally.shortest_lag or 0} to {tally.longest_lag}"),
                    ("losses", str(len(self.losses))),
                    (
                        "seconds",
                        f"{self.seconds:.1f} ({rate:,.0f} a second, {self.processes} at once)",
                    ),
                ],
            ),
            Table(
                "The shipped code, broken on purpose: each break must be found",
                ("break", "found after", "by"),
                [(one.name, f"{one.tries:,}", one.found or "NOT FOUND") for one in self.breaks],
            ),
        ]
