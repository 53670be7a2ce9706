"""Trying seeds until something does not hold."""

from dataclasses import dataclass

from tests.simulation.choices import Choices
from tests.simulation.scenario import Scenario, draw
from tests.simulation.simulation import DEFAULT_LAG, Run, run


@dataclass(frozen=True, slots=True)
class Finding:
    """A run in which something did not hold: the seed, and what is needed to make it again."""

    seed: str
    scenario: Scenario
    run: Run


@dataclass(slots=True)
class Tally:
    """What was tried."""

    interleavings: int = 0
    invocations: int = 0
    published: int = 0
    delivered: int = 0
    shortest_lag: int | None = None
    longest_lag: int = 0

    def count(self, run: Run) -> None:
        """Add a run."""
        self.interleavings += 1
        self.invocations += run.invocations
        self.published += run.published
        self.delivered += run.delivered
        self.shortest_lag = (
            run.lag if self.shortest_lag is None else min(self.shortest_lag, run.lag)
        )
        self.longest_lag = max(self.longest_lag, run.lag)

    def add(self, other: "Tally") -> None:
        """Add what another process tried."""
        self.interleavings += other.interleavings
        self.invocations += other.invocations
        self.published += other.published
        self.delivered += other.delivered
        if other.shortest_lag is not None:
            mine = self.shortest_lag
            self.shortest_lag = (
                other.shortest_lag if mine is None else min(mine, other.shortest_lag)
            )
        self.longest_lag = max(self.longest_lag, other.longest_lag)


def search(
    seed: str, numbers: range, *, max_lag: int = DEFAULT_LAG, limit: int = 1
) -> tuple[Tally, list[Finding]]:
    """Run the seeds `{seed}/{number}`, and stop after as many findings as the limit says."""
    tally = Tally()
    findings: list[Finding] = []
    for number in numbers:
        each = f"{seed}/{number}"
        scenario = draw(each)
        result = run(scenario, Choices(each), max_lag=max_lag)
        tally.count(result)
        if result.violation is not None:
            findings.append(Finding(each, scenario, result))
            if len(findings) == limit:
                break
    return tally, findings
