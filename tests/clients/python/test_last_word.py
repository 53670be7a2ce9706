"""Of a replay, what is handed over is the last word; and a subscription that never stands says so.

On the core and its clock, and over sockets.
"""

import logging

import pytest

from tests.clients.python.kit.clients import IMPATIENT, Connect
from tests.clients.python.kit.cores import Driven, opened, opening, ready, results
from tests.clients.python.kit.frames import CRASHED, error, notification, subscribed
from tests.clients.python.kit.server import Visit, scripted
from tests.clients.python.kit.service import Service
from ws_notify import HandshakeError
from ws_notify.core.subscriber import Subscriber


def at(second: int) -> str:
    return f"2026-11-23T09:30:{second:02d}.000Z"


def arrive(driven: Driven[Subscriber], *ids: str) -> None:
    """Receive notifications named by type and second, `a3`: of type a, sent at second 3."""
    for id_ in ids:
        driven.received(notification(id=id_, type=id_[0], sent_at=at(int(id_[1]))))


def test_only_the_newest_of_each_type_is_returned_the_oldest_first() -> None:
    driven = opened(every=False)
    arrive(driven, "a1", "b5", "a3", "a2", "c4")
    assert results(driven) == []
    driven.received(subscribed())
    assert results(driven) == ["a3", "c4", "b5"]
    arrive(driven, "a1", "a2")
    assert results(driven) == []  # dropped is seen


def test_of_two_sent_at_once_the_one_that_came_later_is_returned() -> None:
    driven = opened(every=False)
    for id_ in ("first", "second"):
        driven.received(notification(id=id_))
    driven.received(subscribed())
    assert results(driven) == ["second"]


def test_what_is_held_waits_two_seconds_at_most() -> None:
    driven = opened(every=False)
    arrive(driven, "a1")
    assert driven.until_due == 2.0
    driven.after(1.9)
    assert results(driven) == []
    arrive(driven, "a2")
    driven.after(0.1)
    assert results(driven) == ["a2"]
    arrive(driven, "b1")
    driven.after(2.0)
    assert results(driven) == ["b1"]


@pytest.mark.parametrize("failure", ["lost", "rejected", "crashed", "silent"])
def test_a_subscribe_that_fails_lets_go_what_is_held(failure: str) -> None:
    driven = opened("12303", "b", every=False)
    arrive(driven, "a1", "a2")
    if failure == "lost":
        driven.lost()
    elif failure == "silent":
        driven.now += 60
        driven.actions()
    else:
        driven.received(CRASHED if failure == "crashed" else error(field="ref"))
    assert results(driven)[0] == "a2"


def test_a_replayed_one_that_is_older_than_the_last_word_is_dropped() -> None:
    driven = ready(every=False)
    arrive(driven, "a5")
    driven.lost()
    driven.after(driven.until_due)
    driven.opened(2)
    for id_ in ("a4", "b4"):
        driven.received(notification(id=id_, type=id_[0], sent_at=at(4)), 2)
    driven.received(subscribed(), 2)
    assert results(driven) == ["a5", "b4"]


def test_a_live_one_is_returned_at_once_though_it_is_older() -> None:
    driven = ready(every=False)
    arrive(driven, "a5", "a4")
    assert results(driven) == ["a5", "a4"]


def test_another_ref_is_not_held_up() -> None:
    driven = opened("a", "b", every=False)
    driven.received(subscribed("a"))
    driven.received(notification("a", id="live"))
    driven.received(notification("b", id="replayed"))
    assert results(driven) == ["live"]


def test_every_notification_is_returned_as_it_comes_where_asked_for() -> None:
    driven = opened(every=True)
    arrive(driven, "a1", "a2")
    assert results(driven) == ["a1", "a2"]


@pytest.mark.parametrize(("every", "seen"), [(False, "o-2"), (True, "o-1")])
def test_a_loop_that_breaks_at_the_first_ends_with_the_payment_after_a_declined_card(
    connect: Connect, *, every: bool, seen: str
) -> None:
    service = Service()
    with scripted(service) as server:
        for id_, status in (("o-1", "failed"), ("o-2", "done")):
            frame = {"merchant_id": "shop", "ref": "12303", "id": id_, "status": status}
            service.published.append(frame)
        for each in connect(server.url).subscribe("shop", "12303", every=every):
            assert each.id == seen
            break


def test_three_connections_that_are_never_subscribed_are_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    driven = opening(every=False)
    for connection in range(1, 6):
        assert driven.core.state == ("unreachable" if connection > 3 else "connecting")
        driven.opened(connection)
        driven.now += 60
        driven.actions()
        driven.after(driven.until_due)
    assert caplog.text.count("may let the handshake pass and swallow what follows") == 1
    driven.opened(6)
    driven.received(subscribed(), 6)
    assert driven.core.state == "subscribed"
    driven.lost(HandshakeError(503), 6)
    assert str(driven.core.state) == "connecting"


def test_a_proxy_that_swallows_frames_is_a_state_and_a_warning(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with scripted(Visit.hold) as server:
        subscription = connect(server.url, timeouts=IMPATIENT).subscribe("shop", "12303")
        assert not subscription.ready(2.0)
        assert subscription.state == "unreachable"
        subscription.close()
        assert str(subscription.state) == "closed"
    (record,) = (each for each in caplog.records if "unreachable" in each.message)
    assert record.levelno == logging.WARNING
