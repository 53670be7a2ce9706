"""The core of a subscription, on values, over one connection: no socket, no clock."""

import math

import pytest

from tests.clients.python.driving import (
    TIMING,
    Close,
    Driven,
    Open,
    core_of,
    heard,
    sent,
    standing,
    subscriber,
)
from tests.clients.python.frames import (
    CRASHED,
    GARBAGE,
    GATEWAYS_ERROR,
    LATER,
    error,
    notification,
    subscribed,
)
from ws_notify import RefusedError


def test_it_subscribes_upon_open_to_one_ref_after_the_other() -> None:
    driven = Driven(subscriber("a", 7))
    assert driven.actions() == [Open(1)]
    assert sent(driven.opened()) == [{"client": "frontend", "merchant_id": "shop", "ref": "a"}]
    assert driven.actions() == []
    assert not core_of(driven).ready
    assert sent(driven.received(subscribed("a"))) == [
        {"client": "frontend", "merchant_id": "shop", "ref": 7}
    ]
    assert driven.received(subscribed("7")) == []
    assert core_of(driven).ready


def test_what_was_replayed_or_said_twice_is_heard_once() -> None:
    driven = Driven(subscriber("a", "b"))
    driven.actions()
    driven.opened()
    for ref, id_ in [("a", "1"), ("a", "2"), ("a", "1"), ("b", "1"), ("b", "1"), ("c", "1")]:
        driven.received(notification(ref, id=id_))
    assert heard(driven) == ["1", "2", "1"]


def test_a_number_and_its_digits_are_the_same_ref() -> None:
    driven = standing(12303)
    driven.received(notification("12303"))
    driven.received(notification(12303))
    assert heard(driven) == ["n-1"]


def test_only_so_many_ids_are_remembered() -> None:
    driven = standing()
    for number in range(10_001):
        driven.received(notification(id=str(number)))
    heard(driven)
    driven.received(notification(id="1"))
    driven.received(notification(id="0"))
    assert heard(driven) == ["0"]


def test_its_keep_alive_repeats_the_subscribe_with_the_servers_now() -> None:
    driven = standing("a", "b")
    assert driven.patience == TIMING.keep_alive
    assert driven.after(TIMING.keep_alive - 1) == []
    (first,) = sent(driven.after(1))
    assert (first["ref"], first["since"]) == ("a", "2026-11-23T09:30:00.000Z")
    (second,) = sent(driven.received(subscribed("a", now=LATER)))
    assert second["ref"] == "b"
    driven.received(subscribed("b", now=LATER))
    assert driven.patience == TIMING.keep_alive
    (first,) = sent(driven.after(TIMING.keep_alive))
    assert first["since"] == LATER


def test_an_answer_that_is_late_means_a_dead_network() -> None:
    driven = standing()
    driven.after(TIMING.keep_alive)
    assert driven.patience == TIMING.answer
    assert driven.after(TIMING.answer) == [Close(1, broken=True)]
    assert driven.patience == TIMING.backoff
    assert driven.after(driven.patience) == [Open(2)]
    (again,) = sent(driven.opened(2))
    assert again["since"] == "2026-11-23T09:30:00.000Z"


def test_a_long_replay_is_no_dead_network() -> None:
    driven = Driven(subscriber())
    driven.actions()
    driven.opened()
    for number in range(7):
        driven.now += TIMING.answer - 1
        assert driven.received(notification(id=str(number))) == []
    assert driven.received(subscribed()) == []
    assert core_of(driven).ready


def test_notifications_without_an_answer_are_a_dead_function() -> None:
    driven = Driven(subscriber())
    driven.actions()
    driven.opened()
    actions = []
    for number in range(8):
        driven.now += TIMING.answer - 1
        actions += driven.received(notification(id=str(number)))
    assert actions == [Close(1, broken=True)]


def test_a_connection_that_does_not_open_is_given_up() -> None:
    driven = Driven(subscriber())
    driven.actions()
    assert driven.after(TIMING.handshake) == [Close(1, broken=True)]


def test_it_backs_off_exponentially_up_to_a_bound() -> None:
    driven = Driven(subscriber())
    driven.actions()
    waits = []
    for link in range(1, 10):
        driven.lost(link=link)
        waits.append(driven.patience)
        assert driven.after(driven.patience) == [Open(link + 1)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_the_waits_are_a_matter_of_luck() -> None:
    driven = Driven(subscriber(luck=0.25))
    driven.actions()
    driven.lost()
    assert driven.patience == 0.125


def test_a_connection_that_stood_makes_the_next_wait_short_again() -> None:
    driven = Driven(subscriber())
    driven.actions()
    for link in (1, 2, 3):
        driven.lost(link=link)
        driven.after(driven.patience)
    driven.opened(4)
    driven.received(subscribed(), 4)
    driven.lost(link=4)  # at once: not yet
    assert driven.patience == 4
    driven.after(driven.patience)
    driven.opened(5)
    driven.received(subscribed(), 5)
    driven.now += TIMING.answer
    driven.lost(link=5)
    assert driven.patience == 0.5


def test_what_was_missed_between_two_connections_is_asked_for() -> None:
    driven = standing("a", "b")
    driven.lost()
    driven.after(driven.patience)
    (first,) = sent(driven.opened(2))
    driven.received(notification("a", id="missed"), 2)
    (second,) = sent(driven.received(subscribed("a", now=LATER), 2))
    assert first["since"] == second["since"] == "2026-11-23T09:30:00.000Z"
    assert heard(driven) == ["missed"]


def test_a_ref_that_is_refused_for_good_is_never_asked_for_again() -> None:
    driven = Driven(subscriber("a", "b"))
    driven.actions()
    driven.opened()
    (next_question,) = sent(driven.received(error(field="ref")))
    assert next_question["ref"] == "b"
    with pytest.raises(RefusedError, match=r"forbidden: Do something else \(request r-1\)"):
        core_of(driven).raise_failure()
    driven.received(subscribed("b"))
    assert [each["ref"] for each in sent(driven.after(TIMING.keep_alive))] == ["b"]
    driven.lost()
    driven.after(driven.patience)
    assert [each["ref"] for each in sent(driven.opened(2))] == ["b"]


def test_a_subscription_without_any_ref_left_is_finished() -> None:
    driven = Driven(subscriber())
    driven.actions()
    driven.opened()
    assert driven.received(error()) == [Close(1)]
    assert core_of(driven).finished
    assert driven.patience == math.inf
    assert heard(driven) == ["forbidden"]


@pytest.mark.parametrize("answer", [CRASHED, GATEWAYS_ERROR])
def test_what_is_refused_but_not_for_good_is_asked_again_on_the_same_link(answer: str) -> None:
    driven = Driven(subscriber())
    driven.actions()
    driven.opened()
    assert driven.received(answer) == []
    assert driven.patience == 0.5
    assert len(sent(driven.after(0.5))) == 1
    driven.received(answer)
    assert driven.patience == 1
    driven.after(1)
    driven.received(subscribed())
    assert core_of(driven).ready


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_neither_an_answer_nor_a_notification(garbage: str | bytes) -> None:
    driven = Driven(subscriber())
    driven.actions()
    driven.opened()
    assert driven.received(garbage) == []
    assert not core_of(driven).ready
    assert heard(driven) == []
    driven.received(subscribed())
    assert core_of(driven).ready


def test_an_error_that_answers_nothing_ends_nothing() -> None:
    driven = standing()
    assert driven.received(error()) == []
    assert heard(driven) == []
