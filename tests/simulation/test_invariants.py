"""What the judge of the interleavings owes to whom."""

import pytest

from tests.kit.dynamodb import RETENTION
from tests.simulation.connections import Connection
from tests.simulation.invariants import Judge
from tests.simulation.tasks import Invocation

TOPIC = "shop#12303"
AFTER_THE_RETENTION = (RETENTION + 60) * 1000


@pytest.fixture
def judge() -> Judge:
    return Judge(most=100)


def _say(judge: Judge, now: int) -> None:
    content = {"id": "order 7", "sent_at": f"at {now}", "message": "done"}
    judge.said(TOPIC, content, f"said at {now}", now)


def _confirm(judge: Judge, now: int) -> None:
    publish = Invocation("publish", 0, now, lambda _, __: None)
    judge.receipt(TOPIC, "order 7", "done", publish, now)


def test_who_was_suspended_before_its_put_may_not_confirm_it_but_a_retry_may(judge: Judge) -> None:
    late = Invocation("publish", 0, 0, lambda _, __: None, direct=True)
    late.suspended = 31_000
    content = {"id": "order 7", "sent_at": "at 0", "message": "done"}
    judge.said(TOPIC, content, "said at 0", 31_000, late)
    _confirm(judge, 40_000)
    assert judge.violation is None
    judge.receipt(TOPIC, "order 7", "done", late, 41_000)
    assert judge.violation is not None
    assert judge.violation.kind == "late"


@pytest.mark.parametrize("confirmed", [False, True])
def test_the_receipt_of_an_expired_line_confirms_no_later_one_of_its_id(
    judge: Judge,
    confirmed: bool,  # noqa: FBT001 - the case
) -> None:
    _say(judge, 0)
    _confirm(judge, 0)
    now = AFTER_THE_RETENTION
    connection = Connection("c1", "a client", now, None)
    asked = judge.asks(connection, TOPIC)
    _say(judge, now)
    if confirmed:
        _confirm(judge, now)
    judge.subscribed(connection, TOPIC, asked, now)
    found = judge.violation
    assert (found.kind if found else None) == ("live" if confirmed else None)
