"""One fault at one step of one story, and the answer that its sender must get."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.scenario import Outcome, Scene
from tests.kit.faults import ALWAYS, Answer, Fault, Hold, Rule

Rules = Callable[[str, str], tuple[Rule, ...]]
"""Builds the rules of a case: of whom the requests speak, and of whom where only one suffers."""

Tell = Callable[[Scene, Rules], Outcome]


@dataclass(frozen=True, slots=True)
class Case:
    """A fault at a step, `times` or ALWAYS, and what the sender of the frame is answered.

    `one`: only one of the subscribers suffers it. `also`: a second step that answers 500 always.
    `short`: part of the short form.
    """

    tell: Tell
    step: str
    name: str
    fault: Fault
    times: int
    answer: str
    one: bool = False
    also: str | None = None
    short: bool = False

    def __str__(self) -> str:
        often = {ALWAYS: "always", 1: "once", 2: "twice"}[self.times]
        also = f" and {self.also} 500 always" if self.also else ""
        whose = " for one" if self.one else ""
        return f"{self.tell.__name__}: {self.step} {self.name} {often}{whose}{also}"

    def play(self, scene: Scene) -> Outcome:
        """Tell its story."""
        return self.tell(scene, self._rules)

    def _rules(self, all_: str, the_victim: str) -> tuple[Rule, ...]:
        # Anew for each play: what has been released would hold nothing back.
        fault = Hold() if isinstance(self.fault, Hold) else self.fault
        first = Rule(self.step, fault, self.times, only=the_victim if self.one else all_)
        if self.also is None:
            return (first,)
        return (first, Rule(self.also, Answer(500), ALWAYS, only=all_))
