"""One run, from the first subscribe to the last publish, and the logs of both sides."""

import asyncio
import math
import random
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
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
from benchmarks.load.pollers import Asked, Pollers, open_pollers
from benchmarks.load.publishers import Publishers, Window, open_publishers
from benchmarks.load.rates import Beside
from benchmarks.load.reconciliation import Polled, Reconciliation, reconcile, reconcile_polls
from benchmarks.load.subscribers import Arrival, Subscribers, open_subscribers
from benchmarks.poll_floor import poll_floor
from tests.kit.peer import Frame, publication
from tests.kit.verification import Progress
from tools.deploy import LocalStage


@dataclass(frozen=True, slots=True)
class Load:
    """`echoes` and `publishes`: windows in turns; `arrivals`: of the notifications published.

    `alone`, `polls` and `nothing`: windows of publishes at a pace, without anything beside them,
    beside pollers, and beside as many who ask the floor of a poll.
    `memory`: before and after all of them.
    """

    echoes: list[Window]
    publishes: list[Window]
    alone: list[Beside]
    polls: list[Beside]
    nothing: list[Beside]
    arrivals: list[Arrival]
    reconciliation: Reconciliation
    polled: Polled
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
    polled = topics[: plan.pollers]
    with (
        floor(stage) as echo_url,
        poll_floor(stage) as nothing_url,
        open_pollers(stage.http_url, polled, plan.at_once) as pollers,
        open_pollers(nothing_url, polled, plan.at_once) as asking_nothing,
    ):
        progress(f"opening {plan.subscribers} WebSockets and subscribing each")
        with open_subscribers(stage.url, topics) as subscribers:
            scenario = _Scenario(
                stage, plan, topics, subscribers, pollers, asking_nothing, progress
            )
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
    pollers: Pollers
    asking_nothing: Pollers
    progress: Progress

    async def load(self, echo_url: str, frames: Iterator[Frame]) -> Load:
        plan, group = self.plan, self.stage.pid
        async with (
            open_publishers(echo_url, plan.publishers) as echo,
            open_publishers(self.stage.url, plan.publishers) as service,
        ):
            await echo.send(frames, 0)  # to warm up; before anything that a poll could bring
            self.pollers.log()
            self.asking_nothing.log()
            warm_up = await service.send(frames, 0)
            before = resident(group)
            echoes, publishes = [], []
            alone, polls, nothing = [], [], []
            for number in range(plan.windows):
                self.progress(
                    "echoing, publishing, publishing beside requests at a pace: "
                    f"{number + 1} of {plan.windows}"
                )
                echoes.append(await echo.send(frames, plan.seconds))
                publishes.append(await service.send(frames, plan.seconds))
                alone.append(await self._send_beside(None, service, frames))
                polls.append(await self._send_beside(self.pollers, service, frames))
                nothing.append(await self._send_beside(self.asking_nothing, service, frames))
            after = resident(group)
        arrivals = self.subscribers.log()
        windows = (warm_up, *publishes, *(one.window for one in (*alone, *polls, *nothing)))
        exchanges = [one for window in windows for one in window.exchanges]
        return Load(
            echoes,
            publishes,
            alone,
            polls,
            nothing,
            arrivals,
            reconcile(exchanges, arrivals, self._subscribers_by_topic()),
            reconcile_polls(exchanges, self.pollers.log(), self._pollers_by_topic()),
            (before, after),
        )

    async def _send_beside(
        self, pollers: Pollers | None, service: Publishers, frames: Iterator[Frame]
    ) -> Beside:
        asked = Asked()
        with pollers.polling(asked) if pollers else nullcontext():
            window = await service.send(frames, self.plan.seconds, self.plan.pace)
        return Beside(window, asked)

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
        return self._by_topic(range(without_first, len(self.topics)))

    def _pollers_by_topic(self) -> dict[Topic, list[int]]:
        return self._by_topic(range(self.plan.pollers))

    def _by_topic(self, numbers: Iterable[int]) -> dict[Topic, list[int]]:
        receivers: dict[Topic, list[int]] = {one: [] for one in self.topics}
        for number in numbers:
            receivers[self.topics[number]].append(number)
        return receivers
