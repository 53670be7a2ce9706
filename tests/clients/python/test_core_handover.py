"""The core of a subscription, on values: how one connection follows another, with what token."""

import pytest

from tests.clients.python.kit.cores import (
    LOST,
    TIMEOUTS,
    Close,
    Driven,
    Open,
    opened,
    opening,
    ready,
    results,
    sent,
)
from tests.clients.python.kit.frames import CRASHED, END, error, notification, subscribed
from ws_notify import HandshakeError, TokenError
from ws_notify.core.subscriber import Subscriber

HANDOVER = 2 * 60 * 60 - 2 * TIMEOUTS.handover
"""With a jitter of 1.0."""


def test_a_successor_replaces_the_connection_before_its_expiry_once_subscribed() -> None:
    driven = ready("a", "b")
    _answer_keep_alives(driven, HANDOVER)
    assert driven.actions() == [Open(2)]
    driven.opened(2)
    driven.received(notification("a", id="on both"), 1)
    assert driven.received(subscribed("a"), 2)  # asks for b
    assert driven.received(subscribed("b"), 2) == [Close(1)]
    driven.received(notification("a", id="on both"), 2)
    driven.received(notification("a", id="from the old one, late"), 1)
    assert results(driven) == ["on both", "from the old one, late"]
    driven.lost(connection=1)
    assert driven.core.ready
    assert sent(driven.after(TIMEOUTS.keep_alive))


def _answer_keep_alives(driven: Driven[Subscriber], until: float) -> None:
    """Answer keep-alives until so many seconds after the subscription was ready."""
    end = driven.now + until
    while driven.now + driven.until_due < end:
        subscribes = sent(driven.after(driven.until_due))
        while subscribes:
            subscribes = sent(driven.received(subscribed(subscribes[0]["ref"], expires_at=END)))
    driven.now = end


def test_a_connection_with_a_short_token_is_handed_over_halfway() -> None:
    driven = opened()
    driven.received(subscribed(expires_at="2026-11-23T09:30:20.000Z"))
    assert driven.until_due == 10
    assert driven.after(10) == [Open(2)]


def test_a_connection_lost_during_a_handover_is_replaced_by_the_successor() -> None:
    driven = ready()
    _answer_keep_alives(driven, HANDOVER)
    driven.actions()
    assert driven.lost(connection=1) == []
    assert len(sent(driven.opened(2))) == 1
    driven.received(subscribed(), 2)
    assert driven.core.ready
    assert driven.until_due == TIMEOUTS.keep_alive  # no third connection is to be opened


def test_a_successor_that_fails_is_retried_while_the_active_one_delivers() -> None:
    driven = ready()
    _answer_keep_alives(driven, HANDOVER)
    driven.actions()
    driven.lost(connection=2)
    assert driven.after(driven.until_due) == [Open(3)]
    driven.received(notification(), 1)
    assert results(driven) == ["n-1"]


def test_a_connection_that_expires_before_its_successor_is_ready_is_closed() -> None:
    driven = ready()
    _answer_keep_alives(driven, HANDOVER)
    driven.actions()
    driven.opened(2)
    driven.now += 2 * TIMEOUTS.handover
    actions = driven.received("garbage", 2)  # connection 2 is late, too
    assert Close(1) in actions
    assert not driven.core.ready


def test_a_rejected_token_is_retried_once_and_then_final() -> None:
    driven = opening(renewable=True)
    driven.refused(401)
    assert results(driven) == []
    assert driven.after(driven.until_due) == [Open(2)]
    driven.refused(401, connection=2)
    assert results(driven) == ["handshake_refused"]
    assert driven.core.finished


def test_a_token_that_expires_twice_is_retried_each_time_and_the_subscription_goes_on() -> None:
    driven = opening(renewable=True)
    for number in (1, 3):
        driven.refused(401, number)
        assert driven.after(driven.until_due) == [Open(number + 1)]
        driven.opened(number + 1)
        driven.received(subscribed(), number + 1)
        assert driven.core.ready
        driven.lost(connection=number + 1)
        assert driven.after(driven.until_due) == [Open(number + 2)]
    assert results(driven) == []


def test_a_retiring_connection_whose_keep_alive_was_due_sends_none() -> None:
    driven = opened("a", "b")
    driven.received(subscribed("a", expires_at="2026-11-23T09:37:02.000Z"))
    driven.received(subscribed("b"))
    assert sent(driven.after(TIMEOUTS.keep_alive))  # for a, which leaves b due
    assert driven.after(2) == [Open(2)]
    assert driven.received(subscribed("a")) == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 426])
def test_a_rejected_handshake_is_final(status: int) -> None:
    driven = opening()
    assert driven.refused(status) == []
    with pytest.raises(HandshakeError) as raised:
        driven.core.raise_failure()
    assert raised.value.status == status
    assert driven.core.finished


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_transient_handshake_failure_is_retried(status: int) -> None:
    driven = opening()
    driven.refused(status)
    assert driven.after(driven.until_due) == [Open(2)]


def test_a_rejected_successor_is_an_error_once_the_active_connection_is_lost() -> None:
    driven = ready()
    _answer_keep_alives(driven, HANDOVER)
    driven.actions()
    driven.refused(403, connection=2)
    driven.received(notification(), 1)
    assert results(driven) == ["n-1"]
    driven.lost(LOST, connection=1)
    assert results(driven) == ["handshake_refused"]
    assert driven.core.finished


def test_a_token_function_that_never_worked_is_an_error() -> None:
    driven = opening(renewable=True)
    driven.lost(TokenError("no"))
    assert results(driven) == ["no_token"]


def test_a_token_function_that_worked_before_is_retried() -> None:
    driven = ready(renewable=True)
    driven.lost()
    driven.after(driven.until_due)
    driven.lost(TokenError("no"), connection=2)
    assert results(driven) == []
    assert driven.after(driven.until_due) == [Open(3)]


def test_a_clock_that_jumps_past_the_expiry_closes_the_connection() -> None:
    driven = ready()
    assert Close(1) in driven.after(24 * 60 * 60)
    assert not sent(driven.actions())
    assert driven.after(driven.until_due) == [Open(2)]


def test_a_keep_alive_that_is_forbidden_reconnects_and_keeps_the_ref() -> None:
    driven = ready(renewable=True)
    driven.after(TIMEOUTS.keep_alive)
    assert driven.received(error("forbidden")) == [Close(1)]
    assert results(driven) == []
    assert driven.after(driven.until_due) == [Open(2)]
    assert sent(driven.opened(2))
    driven.received(error("forbidden"), 2)  # now it is about the ref
    assert results(driven) == ["forbidden"]


def test_a_token_that_expires_during_a_replay_reconnects_and_keeps_the_ref() -> None:
    driven = opened(renewable=True)
    assert driven.received(error("forbidden", field="exp")) == [Close(1)]
    assert results(driven) == []
    assert driven.after(driven.until_due) == [Open(2)]
    assert sent(driven.opened(2))


def test_a_ref_rejected_on_the_successor_is_dropped_by_the_active_connection() -> None:
    driven = opened("a", "b")
    driven.received(subscribed("a", expires_at="2026-11-23T09:37:02.000Z"))
    driven.received(subscribed("b"))
    assert sent(driven.after(TIMEOUTS.keep_alive))
    assert driven.after(2) == [Open(2)]
    driven.received(CRASHED)  # so connection 1 would subscribe to a again
    driven.opened(2)
    driven.received(error(field="ref"), 2)
    assert results(driven) == ["forbidden"]
    driven.after(1)
    assert driven.until_due > 0
    assert driven.received(subscribed("b"), 2) == [Close(1)]


def test_a_connection_that_hands_over_early_still_subscribes_to_every_ref() -> None:
    driven = opened("a", "b", "c")
    driven.received(subscribed("a", expires_at="2026-11-23T09:30:04.000Z"))
    assert driven.after(2) == [Open(2)]
    (last,) = sent(driven.received(subscribed("b")))
    assert last["ref"] == "c"
    assert not driven.core.ready
    driven.received(subscribed("c"))
    assert driven.core.ready
