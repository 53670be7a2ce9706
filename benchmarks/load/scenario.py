"""One run, from the first subscribe to the last publish, and the logs of both sides."""

import asyncio
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from benchmarks.load.disconnects import (
    Rows,
    count_rows,
    subscribed_connections,
    wait_until_gone,
    without_disconnect,
)
from benchmarks.load.floor import floor
from benchmarks.load.memory import Resident, resident
from benchmarks.load.plan import Plan, Topic, assign
from benchmarks.load.publishers import Window, open_publishers
from benchmarks.load.reconciliation import Reconciliation, reconcile
from benchmarks.load.subscribers import Arrival, Subscribers, open_subscribers
from tests.kit.peer import Frame, publication
from tests.kit.verification import Progress
from tools.deploy import LocalStage


@dataclass(frozen=True, slots=True)
class Load:
    """`echoes` and `publishes`: windows in turns; `arrivals`: of the notifications published.

    `memory`: before and after them.
    """

    echoes: list[Window]
    publishes: list[Window]
    arrivals: list[Arrival]
    reconciliation: Reconciliation
    memory: tuple[Resident, Resident]


@dataclass(frozen=True, slots=True)
class AbruptDisconnects:
    """So many `gone`; their rows before and after the next publish to their topics."""

    gone: int
    before: Rows
    after: Rows
    reconciliation: Reconciliation


def run(
    stage: LocalStage, plan: Plan, seed: str, progress: Progress
) -> tuple[Load, AbruptDisconnects]:
    """Run a plan on a stage, and leave nothing there but the notifications it stored."""
    topics = assign(plan)
    with floor(stage) as echo_url:
        progress(f"opening {plan.subscribers} WebSockets and subscribing each")
        with open_subscribers(stage.url, topics) as subscribers:
            scenario = _Scenario(stage, plan, topics, subscribers, progress)
            load = asyncio.run(scenario.load(echo_url, publications(topics, seed)))
            progress(f"disconnecting {plan.disconnects * plan.topics} subscribers abruptly")
            return load, asyncio.run(scenario.disconnect_abruptly())


def publications(topics: list[Topic], seed: str) -> Iterator[Frame]:
    """Yield publishes without end, each with a `message` of its own, to topics chosen at random."""
    chance = random.Random(seed)  # noqa: S311 - chance, no secret
    for number in count():
        merchant_id, ref = chance.choice(topics)
        yield publication(merchant_id, ref, message=f"paid {number}")


@dataclass(frozen=True, slots=True)
class _Scenario:
    stage: LocalStage
    plan: Plan
    topics: list[Topic]
    subscribers: Subscribers
    progress: Progress

    async def load(self, echo_url: str, frames: Iterator[Frame]) -> Load:
        plan, group = self.plan, self.stage.pid
        async with (
            open_publishers(echo_url, plan.publishers) as echo,
            open_publishers(self.stage.url, plan.publishers) as service,
        ):
            await echo.send(frames, 0)  # to warm up
            warm_up = await service.send(frames, 0)
            before = resident(group)
            echoes, publishes = [], []
            for number in range(plan.windows):
                self.progress(f"echoing, then publishing: {number + 1} of {plan.windows}")
                echoes.append(await echo.send(frames, plan.seconds))
                publishes.append(await service.send(frames, plan.seconds))
            after = resident(group)
        arrivals = self.subscribers.log()
        exchanges = [one for window in (warm_up, *publishes) for one in window.exchanges]
        reconciliation = reconcile(exchanges, arrivals, self._subscribers_by_topic())
        return Load(echoes, publishes, arrivals, reconciliation, (before, after))

    async def disconnect_abruptly(self) -> AbruptDisconnects:
        topics = set(self.topics)
        disconnects = self.plan.disconnects * len(topics)
        with without_disconnect(self.stage):
            connection_ids = subscribed_connections(self.stage, topics)
            self.subscribers.disconnect_abruptly(disconnects)
            gone = wait_until_gone(self.stage, connection_ids, disconnects)
            before = count_rows(self.stage, gone)
            async with open_publishers(self.stage.url, self.plan.publishers) as service:
                to_each = (publication(*one, message=f"{one}") for one in topics)
                published = await service.send(to_each, math.inf)
            after = count_rows(self.stage, gone)
        subscribers = self._subscribers_by_topic(without_first=disconnects)
        reconciliation = reconcile(published.exchanges, self.subscribers.log(), subscribers)
        return AbruptDisconnects(len(gone), before, after, reconciliation)

    def _subscribers_by_topic(self, without_first: int = 0) -> dict[Topic, list[int]]:
        subscribers: dict[Topic, list[int]] = {one: [] for one in self.topics}
        for number in range(without_first, len(self.topics)):
            subscribers[self.topics[number]].append(number)
        return subscribers
