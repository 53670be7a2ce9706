"""One fault at one step of a scenario, and the reply that the sender must get."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.proxied_stage import ProxiedStage
from tests.faults.run import Outcome
from tests.kit.proxy.faults import ALWAYS, Fault, Hold, Response, Rule
from tests.kit.proxy.requests import Step

Rules = Callable[[str, str], tuple[Rule, ...]]
"""Builds the rules of a case from the merchant, and the connection for which alone calls fail."""

Scenario = Callable[[ProxiedStage, Rules], Outcome]


@dataclass(frozen=True, slots=True)
class Case:
    """A fault at a step, `times` or ALWAYS, and the reply to the frame.

    `one`: only for one of the subscribers. `also`: a second step that is always answered 500.
    `short`: part of the short form.
    """

    scenario: Scenario
    step: Step
    name: str
    fault: Fault
    times: int
    reply: str
    one: bool = False
    also: Step | None = None
    short: bool = False

    def __str__(self) -> str:
        often = {ALWAYS: "always", 1: "once", 2: "twice"}[self.times]
        also = f" and {self.also} 500 always" if self.also else ""
        whose = " for one" if self.one else ""
        return f"{self.row}: {self.name} {often}{whose}{also}"

    @property
    def row(self) -> str:
        """Name the row of the published table that counts this case."""
        return f"{self.scenario.__name__}: {self.step}"

    def run(self, stage: ProxiedStage) -> Outcome:
        """Run its scenario; another reply than the expected one is a violation, too."""
        outcome = self.scenario(stage, self._rules)
        if outcome.reply == self.reply:
            return outcome
        return Outcome(
            outcome.reply, (*outcome.violations, f"replied {outcome.reply}, not {self.reply}")
        )

    def _rules(self, merchant: str, connection_id: str) -> tuple[Rule, ...]:
        # New ones for each run: what was released would hold nothing back.
        fault = Hold() if isinstance(self.fault, Hold) else self.fault
        first = Rule(self.step, fault, self.times, only=connection_id if self.one else merchant)
        if self.also is None:
            return (first,)
        return (first, Rule(self.also, Response(500), ALWAYS, only=merchant))
