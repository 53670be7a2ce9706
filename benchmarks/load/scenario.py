"""One run from its first subscriber to the last publish, and what everybody noted."""

import asyncio
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from benchmarks.load.disconnects import Rows, rows, subscribed, wait_until_gone, without_disconnect
from benchmarks.load.floor import floor
from benchmarks.load.memory import Held, resident
from benchmarks.load.plan import Plan, Topic, assign
from benchmarks.load.publishers import Window, senders
from benchmarks.load.reconciliation import Reconciled, reconcile
from benchmarks.load.subscribers import Arrival, Crowd, crowd
from tests.kit.peer import Frame, publication
from tests.kit.verification import Progress
from tools.deploy import LocalStage


@dataclass(frozen=True, slots=True)
class Load:
    """`echoes` and `publishes`: windows in turns; `arrivals`: of what those published.

    `memory`: before and after them.
    """

    echoes: list[Window]
    publishes: list[Window]
    arrivals: list[Arrival]
    reconciled: Reconciled
    memory: tuple[Held, Held]


@dataclass(frozen=True, slots=True)
class Vanished:
    """So many `gone`; their rows before and after the next publish to their topics."""

    gone: int
    before: Rows
    after: Rows
    reconciled: Reconciled


def run(stage: LocalStage, plan: Plan, seed: str, progress: Progress) -> tuple[Load, Vanished]:
    """Play a plan on a stage, and leave nothing there but what was said."""
    topics = assign(plan)
    with floor(stage) as echo_url:
        progress(f"opening {plan.subscribers} WebSockets and subscribing each")
        with crowd(stage.url, topics) as people:
            story = _Story(stage, plan, topics, people, progress)
            load = asyncio.run(story.load(echo_url, publications(topics, seed)))
            progress(f"letting {plan.vanishing * plan.topics} subscribers vanish")
            return load, asyncio.run(story.vanish())


def publications(topics: list[Topic], seed: str) -> Iterator[Frame]:
    """Yield publishes without end, each with a `message` of its own, to a topic by chance."""
    chance = random.Random(seed)  # noqa: S311 - chance, no secret
    for number in count():
        merchant_id, ref = chance.choice(topics)
        yield publication(merchant_id, ref, message=f"paid {number}")


@dataclass(frozen=True, slots=True)
class _Story:
    stage: LocalStage
    plan: Plan
    topics: list[Topic]
    people: Crowd
    progress: Progress

    async def load(self, echo_url: str, frames: Iterator[Frame]) -> Load:
        plan, group = self.plan, self.stage.pid
        async with (
            senders(echo_url, plan.senders) as echoers,
            senders(self.stage.url, plan.senders) as publishers,
        ):
            await echoers.send(frames, 0)  # to warm up
            warming = await publishers.send(frames, 0)
            before = resident(group)
            echoes, publishes = [], []
            for number in range(plan.windows):
                self.progress(f"echoing, then publishing: {number + 1} of {plan.windows}")
                echoes.append(await echoers.send(frames, plan.seconds))
                publishes.append(await publishers.send(frames, plan.seconds))
            after = resident(group)
        arrivals = self.people.log()
        exchanges = [one for window in (warming, *publishes) for one in window.exchanges]
        reconciled = reconcile(exchanges, arrivals, self._waiting())
        return Load(echoes, publishes, arrivals, reconciled, (before, after))

    async def vanish(self) -> Vanished:
        topics = set(self.topics)
        vanishing = self.plan.vanishing * len(topics)
        with without_disconnect(self.stage):
            connection_ids = subscribed(self.stage, topics)
            self.people.vanish(vanishing)
            gone = wait_until_gone(self.stage, connection_ids, vanishing)
            before = rows(self.stage, gone)
            async with senders(self.stage.url, self.plan.senders) as publishers:
                to_each = (publication(*one, message=f"{one}") for one in topics)
                published = await publishers.send(to_each, math.inf)
            after = rows(self.stage, gone)
        waiting = self._waiting(without=vanishing)
        reconciled = reconcile(published.exchanges, self.people.log(), waiting)
        return Vanished(len(gone), before, after, reconciled)

    def _waiting(self, without: int = 0) -> dict[Topic, list[int]]:
        """Return the subscribers of each topic, without the first so many of all."""
        waiting: dict[Topic, list[int]] = {one: [] for one in self.topics}
        for number in range(without, len(self.topics)):
            waiting[self.topics[number]].append(number)
        return waiting
