"""Shrinking a finding: fewer actors, steps and choices while the same invariant is violated."""

from collections.abc import Iterator
from dataclasses import replace

from tests.simulation.choices import Choices
from tests.simulation.runs import Run, run
from tests.simulation.scenario import Scenario
from tests.simulation.search import Finding

_FRESH_SEEDS = 25
"""Tried for a scenario with a step less, to which the old choices may no longer apply."""


class Shrinker:
    """Tries smaller and smaller runs; deterministic."""

    def __init__(self, finding: Finding, max_lag: int, attempts: int) -> None:
        if finding.run.violation is None:
            raise ValueError("only a run with a violation can be shrunk")
        self._invariant = finding.run.violation.invariant
        self._max_lag = max_lag
        self._attempts = attempts
        self.scenario = finding.scenario
        self.run = finding.run

    def shrink(self) -> None:
        """Go on until nothing becomes smaller, or the attempts are used up."""
        before = None
        while self._size() != before and self._attempts > 0:
            before = self._size()
            self._drop_steps()
            self._simplify_choices()

    def _size(self) -> tuple[int, int, int, int]:
        choices = self.run.choices
        steps = sum(len(script.steps) for script in self.scenario)
        return steps, len(choices) - choices.count(0), len(choices), sum(choices)

    def _accept(self, scenario: Scenario, choices: Choices) -> bool:
        self._attempts -= 1
        if self._attempts < 0:
            return False
        result: Run = run(scenario, choices, max_lag=self._max_lag)
        if result.violation is None or result.violation.invariant != self._invariant:
            return False
        self.scenario, self.run = scenario, result
        return True

    def _drop_steps(self) -> None:
        smaller = _with_less(self.scenario)
        while (candidate := next(smaller, None)) is not None:
            tries = [Choices(recorded=self.run.choices)]
            tries += [Choices(f"fresh {number}") for number in range(_FRESH_SEEDS)]
            if any(self._accept(candidate, choices) for choices in tries):
                smaller = _with_less(self.scenario)

    def _simplify_choices(self) -> None:
        size = len(self.run.choices)
        while size:
            at = 0
            while at < len(self.run.choices) and self._attempts > 0:
                at += 0 if self._simplify(at, size) else size
            size //= 2
        for at in range(len(self.run.choices)):
            self._lower(at)

    def _simplify(self, at: int, size: int) -> bool:
        """Leave choices out, or make them zeros; True if they were left out."""
        choices = self.run.choices
        head, cut, tail = choices[:at], choices[at : at + size], choices[at + size :]
        if self._smaller(head + tail):
            return True
        if any(cut):
            self._smaller([*head, *([0] * len(cut)), *tail])
        return False

    def _lower(self, at: int) -> None:
        choices = self.run.choices
        if at < len(choices):
            for value in sorted({1, choices[at] // 2, choices[at] - 1}):
                lower = [*choices[:at], value, *choices[at + 1 :]]
                if 0 < value < choices[at] and self._smaller(lower):
                    return

    def _smaller(self, choices: list[int]) -> bool:
        scenario, last, before = self.scenario, self.run, self._size()
        if self._accept(self.scenario, Choices(recorded=choices)):
            if self._size() < before:
                return True
            self.scenario, self.run = scenario, last
        return False


def _with_less(scenario: Scenario) -> Iterator[Scenario]:
    """Yield it without one actor, then without one step."""
    for at in range(len(scenario)):
        yield scenario[:at] + scenario[at + 1 :]
    for at, script in enumerate(scenario):
        for step in range(len(script.steps) if len(script.steps) > 1 else 0):
            steps = script.steps[:step] + script.steps[step + 1 :]
            yield (*scenario[:at], replace(script, steps=steps), *scenario[at + 1 :])


def shrunk(finding: Finding, *, max_lag: int, attempts: int = 4_000) -> Finding:
    """Return the smallest run found that violates the same invariant, with its trace.

    Raises ValueError for a run without a violation.
    """
    shrinker = Shrinker(finding, max_lag, attempts)
    shrinker.shrink()
    choices = Choices(recorded=shrinker.run.choices)
    traced = run(shrinker.scenario, choices, max_lag=max_lag, traced=True)
    return Finding(finding.seed, shrinker.scenario, traced)
