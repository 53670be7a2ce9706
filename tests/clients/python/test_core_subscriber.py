"""The core of a subscription, on values, over one connection: no socket, no clock."""

import math

import pytest

from tests.clients.python.kit.cores import (
    TIMEOUTS,
    Close,
    Open,
    opened,
    opening,
    ready,
    results,
    sent,
)
from tests.clients.python.kit.frames import (
    CRASHED,
    GARBAGE,
    GATEWAYS_ERROR,
    LATER,
    error,
    notification,
    subscribed,
)
from ws_notify import RefusedError
from ws_notify.core.backoff import Backoff


def test_an_open_connection_subscribes_to_one_ref_after_the_other() -> None:
    driven = opening("a", 7)
    assert sent(driven.opened()) == [{"client": "frontend", "merchant_id": "shop", "ref": "a"}]
    assert driven.actions() == []
    assert not driven.core.ready
    assert sent(driven.received(subscribed("a"))) == [
        {"client": "frontend", "merchant_id": "shop", "ref": 7}
    ]
    assert driven.received(subscribed("7")) == []
    assert driven.core.ready


def test_a_notification_that_is_repeated_is_returned_once() -> None:
    driven = opened("a", "b")
    for ref, id_ in [("a", "1"), ("a", "2"), ("a", "1"), ("b", "1"), ("b", "1"), ("c", "1")]:
        driven.received(notification(ref, id=id_))
    assert results(driven) == ["1", "2", "1"]


def test_a_number_and_its_digits_are_the_same_ref() -> None:
    driven = ready(12303)
    driven.received(notification("12303"))
    driven.received(notification(12303))
    assert results(driven) == ["n-1"]


def test_the_oldest_ids_are_forgotten_beyond_ten_thousand() -> None:
    driven = ready()
    for number in range(10_001):
        driven.received(notification(id=str(number)))
    results(driven)
    driven.received(notification(id="1"))
    driven.received(notification(id="0"))
    assert results(driven) == ["0"]


def test_a_keep_alive_repeats_the_subscribe_since_the_last_answer() -> None:
    driven = ready("a", "b")
    assert driven.until_due == TIMEOUTS.keep_alive
    assert driven.after(TIMEOUTS.keep_alive - 1) == []
    (first,) = sent(driven.after(1))
    assert (first["ref"], first["since"]) == ("a", "2026-11-23T09:30:00.000Z")
    (second,) = sent(driven.received(subscribed("a", now=LATER)))
    assert second["ref"] == "b"
    driven.received(subscribed("b", now=LATER))
    assert driven.until_due == TIMEOUTS.keep_alive
    (first,) = sent(driven.after(TIMEOUTS.keep_alive))
    assert first["since"] == LATER


def test_a_keep_alive_without_an_answer_reconnects() -> None:
    driven = ready()
    driven.after(TIMEOUTS.keep_alive)
    assert driven.until_due == TIMEOUTS.answer
    assert driven.after(TIMEOUTS.answer) == [Close(1, broken=True)]
    assert driven.until_due == TIMEOUTS.backoff
    assert driven.after(driven.until_due) == [Open(2)]
    (again,) = sent(driven.opened(2))
    assert again["since"] == "2026-11-23T09:30:00.000Z"


def test_a_long_replay_extends_the_timeout() -> None:
    driven = opened()
    for number in range(7):
        driven.now += TIMEOUTS.answer - 1
        assert driven.received(notification(id=str(number))) == []
    assert driven.received(subscribed()) == []
    assert driven.core.ready


def test_notifications_without_an_answer_reconnect_in_the_end() -> None:
    driven = opened()
    actions = []
    for number in range(8):
        driven.now += TIMEOUTS.answer - 1
        actions += driven.received(notification(id=str(number)))
    assert actions == [Close(1, broken=True)]


def test_a_connection_that_does_not_open_is_closed() -> None:
    driven = opening()
    assert driven.after(TIMEOUTS.handshake) == [Close(1, broken=True)]


def test_repeated_losses_back_off_exponentially_up_to_a_bound() -> None:
    driven = opening()
    waits = []
    for connection in range(1, 10):
        driven.lost(connection=connection)
        waits.append(driven.until_due)
        assert driven.after(driven.until_due) == [Open(connection + 1)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 0.0), (0.25, 0.125), (1.0, 0.5)])
def test_a_wait_is_a_random_part_of_its_bound_and_not_negative(jitter: float, wait: float) -> None:
    assert Backoff(TIMEOUTS, lambda: jitter).wait() == wait


def test_a_connection_that_was_subscribed_for_long_resets_the_backoff() -> None:
    driven = opening()
    for connection in (1, 2, 3):
        driven.lost(connection=connection)
        driven.after(driven.until_due)
    driven.opened(4)
    driven.received(subscribed(), 4)
    driven.lost(connection=4)  # at once: not yet
    assert driven.until_due == 4
    driven.after(driven.until_due)
    driven.opened(5)
    driven.received(subscribed(), 5)
    driven.now += TIMEOUTS.answer
    driven.lost(connection=5)
    assert driven.until_due == 0.5


def test_a_reconnect_subscribes_since_the_last_answer() -> None:
    driven = ready("a", "b")
    driven.lost()
    driven.after(driven.until_due)
    (first,) = sent(driven.opened(2))
    driven.received(notification("a", id="missed"), 2)
    (second,) = sent(driven.received(subscribed("a", now=LATER), 2))
    assert first["since"] == second["since"] == "2026-11-23T09:30:00.000Z"
    assert results(driven) == ["missed"]


def test_a_rejected_ref_is_not_subscribed_to_again() -> None:
    driven = opened("a", "b")
    (next_question,) = sent(driven.received(error(field="ref")))
    assert next_question["ref"] == "b"
    with pytest.raises(RefusedError, match=r"forbidden: Do something else \(request r-1\)"):
        driven.core.raise_failure()
    driven.received(subscribed("b"))
    assert [each["ref"] for each in sent(driven.after(TIMEOUTS.keep_alive))] == ["b"]
    driven.lost()
    driven.after(driven.until_due)
    assert [each["ref"] for each in sent(driven.opened(2))] == ["b"]


def test_a_subscription_whose_refs_are_all_rejected_is_finished() -> None:
    driven = opened()
    assert driven.received(error()) == [Close(1)]
    assert driven.core.finished
    assert driven.until_due == math.inf
    assert results(driven) == ["forbidden"]


@pytest.mark.parametrize("answer", [CRASHED, GATEWAYS_ERROR])
def test_a_retryable_error_is_retried_on_the_same_connection(answer: str) -> None:
    driven = opened()
    assert driven.received(answer) == []
    assert driven.until_due == 0.5
    assert len(sent(driven.after(0.5))) == 1
    driven.received(answer)
    assert driven.until_due == 1
    driven.after(1)
    driven.received(subscribed())
    assert driven.core.ready


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_an_invalid_frame_is_ignored(garbage: str | bytes) -> None:
    driven = opened()
    assert driven.received(garbage) == []
    assert not driven.core.ready
    assert results(driven) == []
    driven.received(subscribed())
    assert driven.core.ready


def test_an_error_without_a_pending_subscribe_is_ignored() -> None:
    driven = ready()
    assert driven.received(error()) == []
    assert results(driven) == []
