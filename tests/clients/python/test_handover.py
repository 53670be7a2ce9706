"""The core of a subscription, on values: how one connection follows another, with what token."""

import pytest

from tests.clients.python.driving import (
    LOST,
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
from tests.clients.python.frames import CRASHED, END, error, notification, subscribed
from ws_notify import HandshakeError, TokenError

HANDOVER = 2 * 60 * 60 - 2 * TIMING.handover
"""With the luck of 1.0."""


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
    assert core_of(driven).ready
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
    assert core_of(driven).ready


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
    assert not core_of(driven).ready


def test_a_token_that_is_refused_is_fetched_once_more_and_then_an_error() -> None:
    driven = Driven(subscriber(renewable=True))
    driven.actions()
    driven.refused(401)
    assert heard(driven) == []
    assert driven.after(driven.patience) == [Open(2)]
    driven.refused(401, link=2)
    assert heard(driven) == ["handshake_refused"]
    assert core_of(driven).finished


@pytest.mark.parametrize("status", [400, 401, 403, 404, 426])
def test_a_refused_handshake_is_an_error_at_once(status: int) -> None:
    driven = Driven(subscriber())
    driven.actions()
    assert driven.refused(status) == []
    with pytest.raises(HandshakeError) as raised:
        core_of(driven).raise_failure()
    assert raised.value.status == status
    assert core_of(driven).finished


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
    assert core_of(driven).finished


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


def test_a_token_that_ends_while_what_was_missed_is_replayed_costs_no_ref_either() -> None:
    driven = Driven(subscriber(renewable=True))
    driven.actions()
    driven.opened()
    assert driven.received(error("forbidden", field="exp")) == [Close(1)]
    assert heard(driven) == []
    assert driven.after(driven.patience) == [Open(2)]
    assert sent(driven.opened(2))


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
    assert not core_of(driven).ready
    driven.received(subscribed("c"))
    assert core_of(driven).ready
