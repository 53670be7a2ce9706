"""Running seeds until an invariant does not hold."""

import sys
from dataclasses import dataclass

from tests.simulation.choices import Choices
from tests.simulation.runs import DEFAULT_LAG, Run, run
from tests.simulation.scenario import Scenario, draw


@dataclass(frozen=True, slots=True)
class Finding:
    """A run in which an invariant did not hold: its seed, and what repeats it."""

    seed: str
    scenario: Scenario
    run: Run


@dataclass(slots=True)
class Tally:
    """What was run; lags in seconds."""

    interleavings: int = 0
    invocations: int = 0
    published: int = 0
    delivered: int = 0
    polls: int = 0
    shortest_lag: int = sys.maxsize
    longest_lag: int = 0

    def count(self, run: Run) -> None:
        """Add a run."""
        self.add(
            Tally(1, run.invocations, run.published, run.delivered, run.polls, run.lag, run.lag)
        )

    def add(self, other: "Tally") -> None:
        """Add what another process ran."""
        self.interleavings += other.interleavings
        self.invocations += other.invocations
        self.published += other.published
        self.delivered += other.delivered
        self.polls += other.polls
        self.shortest_lag = min(self.shortest_lag, other.shortest_lag)
        self.longest_lag = max(self.longest_lag, other.longest_lag)


def search(
    seed: str, numbers: range, *, max_lag: int = DEFAULT_LAG
) -> tuple[Tally, Finding | None]:
    """Run the seeds `{seed}/{number}` up to the first finding."""
    tally = Tally()
    for number in numbers:
        each = f"{seed}/{number}"
        scenario = draw(each)
        result = run(scenario, Choices(each), max_lag=max_lag)
        tally.count(result)
        if result.violation is not None:
            return tally, Finding(each, scenario, result)
    return tally, None
