"""The model of DynamoDB is as bad as DynamoDB may be, and no better."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdas.layer import items, post
from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.storage import Storage
from tests.kit.dynamodb import CONNECTIONS, LEDGER
from tests.simulation import patches
from tests.simulation.choices import Choices
from tests.simulation.connections import Sockets, Watcher
from tests.simulation.dynamodb import FaultError, UnreliableDynamoDb
from tests.simulation.scheduler import TROUBLES, Scheduler

LAG = 60_000
TOPIC = Topic("m1", "1")
LINE = StoredNotification("n1", "{}", "2026-11-23T09:30:00.125Z")


SUSPENDED = 200
"""The choice of a step's luck that suspends for 31 seconds."""


def _luck(trouble: int) -> int:
    """Return the choice of a step's luck that makes this trouble."""
    return next(luck for luck in range(255, 0, -1) if 1 + luck % TROUBLES == trouble)


def _played(call: Callable[[Storage, Scheduler], Any], *choices: int) -> Any:
    """Return what an invocation returned, alone with its storage, its steps chosen."""
    scheduler = Scheduler(Choices(given=choices), 1_800_000_000_000)
    answers: list[Any] = []
    with patches.installed(scheduler):
        storage = Storage(
            UnreliableDynamoDb(scheduler, LAG, lambda _item: None),
            connections=CONNECTIONS,
            ledger=LEDGER,
            retention=3_600,
            clock=lambda: scheduler.now,
        )
        _play(scheduler, lambda: answers.append(call(storage, scheduler)))
    return answers[0]


def _play(scheduler: Scheduler, call: Callable[[], None]) -> None:
    scheduler.invoke("it", call, lambda _, __: None, direct=True)
    while scheduler.tasks:
        ready = scheduler.runnable()
        if ready:
            scheduler.step(ready[0])
        else:
            scheduler.sleep_on()


def _seen_by(seed: int, *, after: int, consistent: bool) -> int:
    """Return how many rows of one connection are seen so long after it was written."""
    scheduler = Scheduler(Choices(str(seed)), 0)
    tables = UnreliableDynamoDb(scheduler, LAG, lambda _item: None)
    tables.write(CONNECTIONS, ("c1", TOPIC.key), items.subscription_key("c1", TOPIC.key))
    scheduler.now += after
    seen: list[Any] = []

    def query() -> None:
        page = tables.call(
            "Query",
            TableName=CONNECTIONS,
            KeyConditionExpression="connection_id = :id",
            ExpressionAttributeValues={":id": {"S": "c1"}},
            ConsistentRead=consistent,
        )
        seen.extend(page["Items"])

    scheduler.invoke("it", query, lambda _, __: None)
    scheduler.choices = Choices(str(seed), given=[0])
    scheduler.step(scheduler.tasks[0])
    return len(seen)


def test_a_consistent_read_sees_what_is_written() -> None:
    assert {_seen_by(seed, after=0, consistent=True) for seed in range(50)} == {1}


def test_another_read_may_or_may_not_see_it_within_the_lag() -> None:
    assert {_seen_by(seed, after=LAG - 1, consistent=False) for seed in range(50)} == {0, 1}


def test_after_the_lag_every_read_sees_it() -> None:
    assert {_seen_by(seed, after=LAG, consistent=False) for seed in range(50)} == {1}


def test_an_answer_that_is_lost_is_no_second_notification() -> None:
    def say(storage: Storage, _: Scheduler) -> Any:
        return storage.put_notification(TOPIC, LINE), [
            line.id for line in storage.notifications(TOPIC)
        ]

    assert _played(say, 0, _luck(5)) == (None, ["n1"])


def test_a_call_that_fails_raises() -> None:
    def say(storage: Storage, _: Scheduler) -> str:
        with pytest.raises(FaultError):
            storage.put_notification(TOPIC, LINE)
        return "raised"

    assert _played(say, 0, _luck(1)) == "raised"


def test_of_a_suspended_process_the_wall_clock_moves_and_the_monotonic_one_does_not() -> None:
    def read(storage: Storage, scheduler: Scheduler) -> tuple[int, float]:
        began = scheduler.now, vars(post)["time"].monotonic()
        storage.notifications(TOPIC)
        return scheduler.now - began[0], vars(post)["time"].monotonic() - began[1]

    assert _played(read, 0, SUSPENDED) == (31_000, 0)


@pytest.mark.parametrize(
    ("trouble", "answers"), [(11, [410, 200, 200]), (12, [410, 410, 200])], ids=["once", "199 ms"]
)
def test_of_a_connection_that_lives_it_is_said_only_within_200_ms_that_it_is_gone(
    trouble: int, answers: list[int]
) -> None:
    scheduler = Scheduler(Choices(given=[0, 0, _luck(trouble)]), 0)
    sockets = Sockets(scheduler, Watcher())
    connection = sockets.open("a client")
    answered: list[int] = []

    def attempts() -> None:
        for pause in (0, 0.15, 0.05):
            if pause:
                scheduler.sleep(pause)
            answered.append(sockets.post(connection.id, b"{}", 1))

    _play(scheduler, attempts)
    assert answered == answers
