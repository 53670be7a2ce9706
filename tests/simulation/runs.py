"""A run: a scenario, played by actors against a simulation in the order of the choices."""

from dataclasses import dataclass, field

from lambdas.layer import storage
from tests.simulation import patches
from tests.simulation.actors import Actor, Client, Publisher
from tests.simulation.choices import Choices
from tests.simulation.pollers import Poller
from tests.simulation.records import Violation
from tests.simulation.scenario import Scenario, has_pollers
from tests.simulation.scheduler import Scheduler
from tests.simulation.simulation import Simulation

DEFAULT_LAG = 240
"""Seconds: the longest lag of the index, less than the 300 that recent subscriptions are kept."""

_MAX_REPLAYED = (*(storage.MAX_REPLAYED,) * 5, 3, 2, 1)
"""In some runs fewer than in the service, since no run has more than that."""

_ACTORS: dict[str, type[Actor]] = {"client": Client, "poller": Poller, "publisher": Publisher}

_START = 1_800_000_000_000
_MAX_STEPS = 5_000

_SLOW_NETWORK = (False, True, True)
"""Of the runs with pollers: what these could lose, a slow network shows."""


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a run; its choices and the scenario repeat it."""

    violation: Violation | None
    choices: list[int]
    lag: int
    published: int
    delivered: int
    polls: int
    invocations: int
    trace: list[str] = field(default_factory=list)


def run(
    scenario: Scenario, choices: Choices, *, max_lag: int = DEFAULT_LAG, traced: bool = False
) -> Run:
    """Play a scenario. Raises what the service raised, unless a model made it fail."""
    scheduler = Scheduler(choices, _START, traced=traced)
    lag = choices.below(max_lag + 1)
    max_replayed = _MAX_REPLAYED[choices.below(len(_MAX_REPLAYED))]
    scheduler.note(f"the index lags {lag} s, a replay holds {max_replayed} at most")
    slow_network = has_pollers(scenario) and bool(choices.of(_SLOW_NETWORK))
    if slow_network:
        scheduler.note("the network to DynamoDB is slow")
    with patches.installed(scheduler, max_replayed) as log:
        simulation = Simulation(scheduler, lag * 1000, max_replayed, slow_network=slow_network)
        actors: list[Actor] = [
            _ACTORS[script.actor[:-1]](simulation, script) for script in scenario
        ]
        try:
            _play(simulation, actors)
        finally:
            scheduler.abandon()
    if log.unexpected is not None:
        raise log.unexpected
    return Run(
        violation=simulation.history.violation,
        choices=choices.taken,
        lag=lag,
        published=simulation.history.published,
        delivered=simulation.invariants.delivered_frames,
        polls=simulation.polls.answered,
        invocations=simulation.invocations,
        trace=scheduler.trace,
    )


def _play(simulation: Simulation, actors: list[Actor]) -> None:
    """Do one thing after another, as the choices say, up to the end or a violation."""
    choices, scheduler, history = simulation.choices, simulation.scheduler, simulation.history
    pending, optional = simulation.pending, simulation.optional
    for _ in range(_MAX_STEPS):
        if actors and not all(actor.steps for actor in actors):
            actors = [actor for actor in actors if not actor.has_ended()]
        ready = scheduler.runnable()
        acts = [actor.act for actor in actors if actor.can_act()]
        if not ready and not acts and not pending:
            if not scheduler.wake(actor.waits_until() for actor in actors):
                return
            continue
        count = len(ready) + len(acts) + len(pending) + len(optional)
        at = choices.below(count) if count > 1 else 0
        if at < len(ready):
            scheduler.step(ready[at])
        elif (at := at - len(ready)) < len(acts):
            acts[at]()
        elif (at := at - len(acts)) < len(pending):
            pending.pop(at)()
        else:
            optional.pop(at - len(pending))()
        if history.violation is not None:
            return
    raise RuntimeError(f"a run has not ended after {_MAX_STEPS} steps")
