"""Which answers to polls the invariants accept."""

import json
from typing import Any

import pytest

from lambdas.layer.protocol.clock import to_rfc3339
from tests.simulation.history import RETENTION_MARGIN, RETENTION_MS, History
from tests.simulation.poll_invariants import PollInvariants
from tests.simulation.records import Notification, PollSent
from tests.simulation.tasks import Invocation

TOPIC, OTHER = "shop#12303", "shop#12304"
A_PAGE = "a page"
TOKEN_EXPIRES = 90_000


@pytest.fixture
def history() -> History:
    return History(max_replayed=2)


@pytest.fixture
def polls(history: History) -> PollInvariants:
    return PollInvariants(history)


def _invocation(started: int = 0) -> Invocation:
    return Invocation("a poll", 0, started, lambda _, __: None)


def _publish(
    history: History,
    id_: str,
    at: int = 0,
    *,
    topic: str = TOPIC,
    late_by: Invocation | None = None,
) -> dict[str, Any]:
    """Store a notification, and return it as a poll finds it."""
    content = {"id": id_, "sent_at": to_rfc3339(at), "message": "done"}
    notification = Notification(
        topic, id_, content["sent_at"], "done", history.event(), at + RETENTION_MS, late_by
    )
    history.store(notification, json.dumps(content, separators=(",", ":")))
    return content


def _poll(history: History) -> PollSent:
    return PollSent(A_PAGE, TOPIC, history.event(), TOKEN_EXPIRES)


def _answer(*contents: dict[str, Any], more: bool = False, ref: str = "12303") -> dict[str, Any]:
    return {"merchant_id": "shop", "ref": ref, "notifications": list(contents), "more": more}


def _violated(history: History) -> str | None:
    return history.violation.invariant if history.violation else None


def test_an_answer_that_leaves_out_what_was_published_before_the_poll_is_a_loss(
    history: History, polls: PollInvariants
) -> None:
    polls.received(_poll(history), _answer(), _invocation(), 0)
    first = _publish(history, "n1")
    poll = _poll(history)
    _publish(history, "n2")
    polls.received(poll, _answer(first), _invocation(), 0)
    assert _violated(history) is None
    polls.received(_poll(history), _answer(), _invocation(), 0)
    assert _violated(history) == "poll"


def test_an_answer_may_leave_out_what_was_stored_too_late(
    history: History, polls: PollInvariants
) -> None:
    _publish(history, "n1", late_by=_invocation())
    polls.received(_poll(history), _answer(), _invocation(), 0)
    assert _violated(history) is None


@pytest.mark.parametrize("more", [True, False])
def test_an_answer_that_leaves_out_an_older_one_says_more(
    history: History,
    polls: PollInvariants,
    more: bool,  # noqa: FBT001 - the case
) -> None:
    contents = [_publish(history, f"n{at}", at) for at in range(3)]
    polls.received(_poll(history), _answer(*contents[1:], more=more), _invocation(), 3)
    polls.received(_poll(history), _answer(), _invocation(), 3)
    assert _violated(history) == (None if more else "poll")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1)], ids=["too many", "newest first"])
def test_an_answer_holds_the_newest_oldest_first(
    history: History, polls: PollInvariants, order: tuple[int, ...]
) -> None:
    contents = [_publish(history, f"n{at}", at) for at in range(3)]
    some = [contents[at] for at in order]
    polls.received(_poll(history), _answer(*some, more=True), _invocation(), 3)
    assert _violated(history) == "poll"


def test_an_answer_of_another_topic_breaks_isolation(
    history: History, polls: PollInvariants
) -> None:
    polls.received(_poll(history), _answer(ref="12304"), _invocation(), 0)
    assert _violated(history) == "isolation"


def test_a_notification_of_another_topic_breaks_isolation(
    history: History, polls: PollInvariants
) -> None:
    content = _publish(history, "n1", topic=OTHER)
    polls.received(_poll(history), _answer(content), _invocation(), 0)
    assert _violated(history) == "isolation"


def test_a_notification_that_was_never_stored_breaks_integrity(
    history: History, polls: PollInvariants
) -> None:
    content = _publish(history, "n1") | {"message": "another"}
    polls.received(_poll(history), _answer(content), _invocation(), 0)
    assert _violated(history) == "integrity"


def test_a_notification_may_not_come_after_its_retention(
    history: History, polls: PollInvariants
) -> None:
    content = _publish(history, "n1")
    now = RETENTION_MS + RETENTION_MARGIN
    polls.received(_poll(history), _answer(content), _invocation(now), now)
    assert _violated(history) is None
    polls.received(_poll(history), _answer(content), _invocation(now + 1), now + 1)
    assert _violated(history) == "expiry"


def test_an_answer_may_not_return_after_the_token_has_ended(
    history: History, polls: PollInvariants
) -> None:
    polls.returned(_poll(history), _invocation(), TOKEN_EXPIRES - 1)
    assert _violated(history) is None
    polls.returned(_poll(history), _invocation(), TOKEN_EXPIRES)
    assert _violated(history) == "expiry"
