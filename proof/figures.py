"""What the proof came to: as JSON, and as a table for a terminal. No I/O."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from proof.search import Finding, Tally


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

    def as_text(self) -> str:
        """Return the tables."""
        tally = self.tally
        rate = tally.interleavings / max(self.seconds, 0.001)
        rows = [
            ("interleavings tried", f"{tally.interleavings:,}"),
            ("invocations in them", f"{tally.invocations:,}"),
            ("notifications published, frames delivered", _both(tally.published, tally.delivered)),
            ("lag of the index, seconds", f"{tally.shortest_lag or 0} to {tally.longest_lag}"),
            ("losses", str(len(self.losses))),
            ("seconds", f"{self.seconds:.1f} ({rate:,.0f} a second, {self.processes} at once)"),
        ]
        breaks = [
            (one.name, f"found after {one.tries}: {one.found}" if one.found else "NOT FOUND")
            for one in self.breaks
        ]
        return "\n".join(
            ("Every interleaving", *_lines(rows), "The shipped code, broken", *_lines(breaks))
        )


def _both(one: int, other: int) -> str:
    return f"{one:,}, {other:,}"


def _lines(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {name.ljust(width)}  {value}" for name, value in rows]
