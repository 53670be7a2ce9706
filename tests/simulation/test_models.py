"""The models of DynamoDB and `@connections` have the faults of AWS, and no others."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdas.layer import items, post
from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.storage import Storage
from tests.kit.dynamodb import CONNECTIONS, LEDGER, FakeDynamoDb
from tests.simulation import patches
from tests.simulation.choices import Choices
from tests.simulation.connections import UnreliableConnections
from tests.simulation.dynamodb import FaultError, UnreliableDynamoDb
from tests.simulation.history import History
from tests.simulation.invariants import Invariants
from tests.simulation.scheduler import FAULTS, Scheduler

LAG = 60_000
TOPIC = Topic("m1", "1")
NOTIFICATION = StoredNotification("n1", "{}", "2026-11-23T09:30:00.125Z")

HELD_UP = SLOW_RESPONSE = 1
"""The choices of a call on a slow network."""

SUSPENDED = 200
"""The choice of a step that suspends for 31 seconds."""


def _fault(fault: int) -> int:
    """Return the choice of a step that has this fault."""
    return next(choice for choice in range(255, 0, -1) if 1 + choice % FAULTS == fault)


def _run(scheduler: Scheduler, call: Callable[[], None]) -> None:
    scheduler.invoke("it", call, lambda _, __: None, suspendable=True)
    while scheduler.tasks:
        ready = scheduler.runnable()
        if ready:
            scheduler.step(ready[0])
        else:
            scheduler.wake()


def _result(
    call: Callable[[Storage, Scheduler], Any], *choices: int, slow_network: bool = False
) -> Any:
    """Return the result of an invocation, alone with its storage, with these choices."""
    scheduler = Scheduler(Choices(recorded=choices), 1_800_000_000_000)
    results: list[Any] = []
    with patches.installed(scheduler):
        storage = Storage(
            UnreliableDynamoDb(scheduler, LAG, lambda _item: None, slow_network=slow_network),
            connections=CONNECTIONS,
            ledger=LEDGER,
            retention=3_600,
            clock=lambda: scheduler.now,
        )
        _run(scheduler, lambda: results.append(call(storage, scheduler)))
    return results[0]


def _rows_seen(seed: int, *, after: int, consistent: bool) -> int:
    """Return how many rows of one connection a query sees so long after the write."""
    scheduler = Scheduler(Choices(str(seed), recorded=[0, 0]), 0)
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

    _run(scheduler, query)
    return len(seen)


@pytest.mark.parametrize(
    ("after", "consistent", "seen"),
    [(0, True, {1}), (LAG - 1, False, {0, 1}), (LAG, False, {1})],
    ids=["consistent", "within the lag", "after the lag"],
)
def test_a_read_sees_a_write_if_it_is_consistent_or_after_the_lag(
    after: int,
    consistent: bool,  # noqa: FBT001 - the case
    seen: set[int],
) -> None:
    assert {_rows_seen(seed, after=after, consistent=consistent) for seed in range(50)} == seen


def test_a_put_whose_response_is_lost_stores_one_notification() -> None:
    def put(storage: Storage, _: Scheduler) -> Any:
        earlier = storage.put_notification(TOPIC, NOTIFICATION)
        return earlier, [one.id for one in storage.notifications(TOPIC)]

    assert _result(put, 0, _fault(5)) == (None, ["n1"])


def test_a_call_that_fails_raises() -> None:
    def put(storage: Storage, _: Scheduler) -> str:
        with pytest.raises(FaultError):
            storage.put_notification(TOPIC, NOTIFICATION)
        return "raised"

    assert _result(put, 0, _fault(1)) == "raised"


def test_a_write_that_is_held_up_arrives_although_its_caller_has_given_up() -> None:
    def put(storage: Storage, scheduler: Scheduler) -> list[tuple[int, int]]:
        sent, seen = scheduler.now, []
        with pytest.raises(FaultError):
            storage.put_notification(TOPIC, NOTIFICATION)
        for seconds in (0, 2.899, 0.002):
            scheduler.sleep(seconds)
            seen.append((scheduler.now - sent, len(storage.notifications(TOPIC))))
        return seen

    choices = (0, 0, HELD_UP, 0)
    assert _result(put, *choices, slow_network=True) == [(3_000, 0), (5_899, 0), (5_901, 1)]


def test_the_response_to_a_query_on_a_slow_network_takes_3_seconds_at_most() -> None:
    def read(storage: Storage, scheduler: Scheduler) -> tuple[int, list[StoredNotification]]:
        sent = scheduler.now
        found = storage.notifications(TOPIC)
        return scheduler.now - sent, found

    tick = 200 - 1  # 1.5 seconds until DynamoDB reads
    assert _result(read, 0, tick, SLOW_RESPONSE, slow_network=True) == (3_000, [])


def test_a_suspension_advances_the_wall_clock_and_not_the_monotonic_one() -> None:
    def read(storage: Storage, scheduler: Scheduler) -> tuple[int, float]:
        started = scheduler.now, vars(post)["time"].monotonic()
        storage.notifications(TOPIC)
        return scheduler.now - started[0], vars(post)["time"].monotonic() - started[1]

    assert _result(read, 0, SUSPENDED) == (31_000, 0)


def test_a_negative_sleep_raises() -> None:
    def sleep(_: Storage, scheduler: Scheduler) -> str:
        with pytest.raises(ValueError, match="non-negative"):
            scheduler.sleep(-0.001)
        return "raised"

    assert _result(sleep) == "raised"


@pytest.mark.parametrize(
    ("fault", "statuses"), [(11, [410, 200, 200]), (12, [410, 410, 200])], ids=["once", "199 ms"]
)
def test_an_open_connection_gets_a_false_410_for_less_than_200_ms(
    fault: int, statuses: list[int]
) -> None:
    scheduler = Scheduler(Choices(recorded=[0, 0, _fault(fault)]), 0)
    connections = UnreliableConnections(scheduler, Invariants(History(100), FakeDynamoDb()))
    connection = connections.open("a client")
    got: list[int] = []

    def attempts() -> None:
        for pause in (0, 0.15, 0.05):
            if pause:
                scheduler.sleep(pause)
            got.append(connections.post(connection.id, b"{}", 1))

    _run(scheduler, attempts)
    assert got == statuses
