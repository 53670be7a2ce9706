"""Which receipts the invariants accept, and what those require."""

import pytest

from lambdas.layer.protocol.clock import to_rfc3339
from tests.kit.dynamodb import RETENTION, FakeDynamoDb
from tests.simulation.history import History
from tests.simulation.invariants import Invariants
from tests.simulation.records import Connection
from tests.simulation.tasks import Invocation

TOPIC = "shop#12303"
AFTER_THE_RETENTION = (RETENTION + 60) * 1000


@pytest.fixture
def history() -> History:
    return History(100)


@pytest.fixture
def invariants(history: History) -> Invariants:
    return Invariants(history, FakeDynamoDb())


def _publish(now: int, suspended_ms: int = 0) -> Invocation:
    return Invocation("publish", 0, now, lambda _, __: None, suspended_ms=suspended_ms)


def _store(invariants: Invariants, now: int, by: Invocation) -> None:
    content = {"id": "order 7", "sent_at": to_rfc3339(by.started), "message": "done"}
    invariants.stored(TOPIC, content, f"frame of {by.started}", now, by)


def _receipt(invariants: Invariants, now: int, by: Invocation) -> None:
    invariants.receipt_returned(TOPIC, "order 7", "done", by, now)


def _violated(history: History) -> str | None:
    violation = history.violation
    return violation.invariant if violation else None


def test_a_publish_suspended_before_its_put_returns_no_receipt_but_its_retry_may(
    history: History, invariants: Invariants
) -> None:
    late = _publish(0, suspended_ms=31_000)
    _store(invariants, 31_000, late)
    _receipt(invariants, 40_000, _publish(40_000))
    assert _violated(history) is None
    _receipt(invariants, 41_000, late)
    assert _violated(history) == "replay"


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_receipt_of_an_expired_notification_confirms_no_later_one_of_its_id(
    history: History,
    invariants: Invariants,
    confirmed: bool,  # noqa: FBT001 - the case
) -> None:
    _store(invariants, 0, _publish(0))
    _receipt(invariants, 0, _publish(0))
    now = AFTER_THE_RETENTION
    connection = Connection("c1", "a client", now, None)
    sent = invariants.subscribe_sent(connection, TOPIC)
    _store(invariants, now, _publish(now))
    if confirmed:
        _receipt(invariants, now, _publish(now))
    invariants.subscribed(connection, TOPIC, sent, now)
    assert _violated(history) == ("live" if confirmed else None)


@pytest.mark.parametrize(
    ("after", "found"), [(7_999, "replay"), (8_000, None)], ids=["found by any clock", "too late"]
)
def test_a_replay_may_leave_out_a_write_that_a_clock_ahead_sees_10_seconds_late(
    history: History, invariants: Invariants, after: int, found: str | None
) -> None:
    by = _publish(0)
    by.held_up_ms = after
    _store(invariants, after, by)
    connection = Connection("c1", "a client", after, None)
    invariants.subscribed(connection, TOPIC, invariants.subscribe_sent(connection, TOPIC), after)
    assert _violated(history) == found
