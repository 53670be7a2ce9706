"""The core of a subscription, on values: no socket, no clock."""

import math

import pytest

from tests.clients.python.driving import (
    LOST,
    TIMING,
    Close,
    Driven,
    Open,
    sent,
    subscriber,
)
from tests.clients.python.frames import (
    CRASHED,
    END,
    GARBAGE,
    GATEWAYS_ERROR,
    LATER,
    error,
    notification,
    subscribed,
)
from ws_notify import HandshakeError, RefusedError, TokenError
from ws_notify.core.subscriber import Subscriber

HANDOVER = 2 * 60 * 60 - 2 * TIMING.handover
"""With the luck of 1.0."""


def standing(*refs: str | int, renewable: bool = False) -> Driven:
    """Return a subscription that stands, on link 1."""
    driven = Driven(subscriber(*refs, renewable=renewable))
    assert driven.actions() == [Open(1)]
    driven.opened()
    for ref in refs or ("12303",):
        driven.received(subscribed(ref))
    assert _core(driven).ready
    return driven


def _core(driven: Driven) -> Subscriber:
    assert isinstance(driven.core, Subscriber)
    return driven.core


def heard(driven: Driven) -> list[str]:
    """Return the ids of the results; an error by its code."""
    results = [getattr(each, "id", None) or each.code for each in _core(driven).results]  # type: ignore[union-attr] # either
    _core(driven).results.clear()
    return results


def test_it_subscribes_upon_open_to_one_ref_after_the_other() -> None:
    driven = Driven(subscriber("a", 7))
    assert driven.actions() == [Open(1)]
    assert sent(driven.opened()) == [{"client": "frontend", "merchant_id": "shop", "ref": "a"}]
    assert driven.actions() == []
    assert not _core(driven).ready
    assert sent(driven.received(subscribed("a"))) == [
        {"client": "frontend", "merchant_id": "shop", "ref": 7}
    ]
    assert driven.received(subscribed("7")) == []
    assert _core(driven).ready


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
    assert _core(driven).ready


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
        _core(driven).raise_failure()
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
    assert _core(driven).finished
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
    assert _core(driven).ready


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_neither_an_answer_nor_a_notification(garbage: str | bytes) -> None:
    driven = Driven(subscriber())
    driven.actions()
    driven.opened()
    assert driven.received(garbage) == []
    assert not _core(driven).ready
    assert heard(driven) == []
    driven.received(subscribed())
    assert _core(driven).ready


def test_an_error_that_answers_nothing_ends_nothing() -> None:
    driven = standing()
    assert driven.received(error()) == []
    assert heard(driven) == []


def test_the_next_connection_is_opened_before_the_old_one_expires() -> None:
    driven = standing("a", "b")
    _survive(driven, HANDOVER)
    assert driven.actions() == [Open(2)]
    driven.opened(2)
    driven.received(notification("a", id="on both"), 1)
    assert driven.received(subscribed("a"), 2)  # asks for b
    assert driven.received(subscribed("b"), 2) == [Close(1)]
    driven.received(notification("a", id="on both"), 2)
    driven.received(notification("a", id="from the old one, late"), 1)
    assert heard(driven) == ["on both", "from the old one, late"]
    driven.lost(link=1)
    assert _core(driven).ready
    assert sent(driven.after(TIMING.keep_alive))


def _survive(driven: Driven, until: float) -> None:
    """Answer keep-alives until so many seconds after the subscription stood."""
    end = driven.now + until
    while driven.now + driven.patience < end:
        asked = sent(driven.after(driven.patience))
        while asked:
            asked = sent(driven.received(subscribed(asked[0]["ref"], expires_at=END)))
    driven.now = end


def test_a_short_token_is_handed_over_halfway() -> None:
    driven = Driven(subscriber())
    driven.actions()
    driven.opened()
    driven.received(subscribed(expires_at="2026-11-23T09:30:20.000Z"))
    assert driven.patience == 10
    assert driven.after(10) == [Open(2)]


def test_an_old_connection_that_is_lost_meanwhile_leaves_all_to_the_new_one() -> None:
    driven = standing()
    _survive(driven, HANDOVER)
    driven.actions()
    assert driven.lost(link=1) == []
    assert len(sent(driven.opened(2))) == 1
    driven.received(subscribed(), 2)
    assert _core(driven).ready


def test_a_successor_that_fails_is_tried_again_while_the_old_one_serves() -> None:
    driven = standing()
    _survive(driven, HANDOVER)
    driven.actions()
    driven.lost(link=2)
    assert driven.after(driven.patience) == [Open(3)]
    driven.received(notification(), 1)
    assert heard(driven) == ["n-1"]


def test_an_expired_connection_is_left_even_without_a_successor() -> None:
    driven = standing()
    _survive(driven, HANDOVER)
    driven.actions()
    driven.opened(2)
    driven.now += 2 * TIMING.handover
    actions = driven.received("garbage", 2)  # link 2 is late, too
    assert Close(1) in actions
    assert not _core(driven).ready


def test_a_token_that_is_refused_is_fetched_once_more_and_then_an_error() -> None:
    driven = Driven(subscriber(renewable=True))
    driven.actions()
    driven.refused(401)
    assert heard(driven) == []
    assert driven.after(driven.patience) == [Open(2)]
    driven.refused(401, link=2)
    assert heard(driven) == ["handshake_refused"]
    assert _core(driven).finished


@pytest.mark.parametrize("status", [400, 401, 403, 404, 426])
def test_a_refused_handshake_is_an_error_at_once(status: int) -> None:
    driven = Driven(subscriber())
    driven.actions()
    assert driven.refused(status) == []
    with pytest.raises(HandshakeError) as raised:
        _core(driven).raise_failure()
    assert raised.value.status == status
    assert _core(driven).finished


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_handshake_that_failed_for_now_is_tried_again(status: int) -> None:
    driven = Driven(subscriber())
    driven.actions()
    driven.refused(status)
    assert driven.after(driven.patience) == [Open(2)]


def test_a_successor_that_is_refused_is_an_error_once_the_old_one_is_lost() -> None:
    driven = standing()
    _survive(driven, HANDOVER)
    driven.actions()
    driven.refused(403, link=2)
    driven.received(notification(), 1)
    assert heard(driven) == ["n-1"]
    driven.lost(LOST, link=1)
    assert heard(driven) == ["handshake_refused"]
    assert _core(driven).finished


def test_a_function_that_never_gave_a_token_is_an_error() -> None:
    driven = Driven(subscriber(renewable=True))
    driven.actions()
    driven.lost(TokenError("no"))
    assert heard(driven) == ["no_token"]


def test_a_function_that_gives_no_token_now_may_be_without_network() -> None:
    driven = standing(renewable=True)
    driven.lost()
    driven.after(driven.patience)
    driven.lost(TokenError("no"), link=2)
    assert heard(driven) == []
    assert driven.after(driven.patience) == [Open(3)]


def test_a_clock_that_jumps_ahead_after_a_sleep_leaves_the_expired_connection() -> None:
    driven = standing()
    assert Close(1) in driven.after(24 * 60 * 60)
    assert not sent(driven.actions())
    assert driven.after(driven.patience) == [Open(2)]


def test_a_token_that_ended_during_a_sleep_costs_a_connection_and_no_ref() -> None:
    driven = standing(renewable=True)
    driven.after(TIMING.keep_alive)
    assert driven.received(error("forbidden")) == [Close(1)]
    assert heard(driven) == []
    assert driven.after(driven.patience) == [Open(2)]
    assert sent(driven.opened(2))
    driven.received(error("forbidden"), 2)  # now it is about the ref
    assert heard(driven) == ["forbidden"]


def test_a_ref_refused_on_the_next_connection_leaves_the_old_one_nothing_to_hurry_for() -> None:
    driven = Driven(subscriber("a", "b"))
    driven.actions()
    driven.opened()
    driven.received(subscribed("a", expires_at="2026-11-23T09:37:02.000Z"))
    driven.received(subscribed("b"))
    assert sent(driven.after(TIMING.keep_alive))
    assert driven.after(2) == [Open(2)]
    driven.received(CRASHED)  # so link 1 would ask for a again
    driven.opened(2)
    driven.received(error(field="ref"), 2)
    assert heard(driven) == ["forbidden"]
    driven.after(1)
    assert driven.patience > 0
    assert driven.received(subscribed("b"), 2) == [Close(1)]


def test_a_connection_with_a_short_token_asks_for_every_ref_before_it_is_left() -> None:
    driven = Driven(subscriber("a", "b", "c"))
    driven.actions()
    driven.opened()
    driven.received(subscribed("a", expires_at="2026-11-23T09:30:04.000Z"))
    assert driven.after(2) == [Open(2)]
    (last,) = sent(driven.received(subscribed("b")))
    assert last["ref"] == "c"
    assert not _core(driven).ready
    driven.received(subscribed("c"))
    assert _core(driven).ready
