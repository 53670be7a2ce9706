"""One connection, asked step by step."""

import time
from contextlib import closing

import pytest

from tests.clients.python.frames import error, notification, receipt
from tests.clients.python.scripted import Visit, scripted
from ws_notify import ConnectionLostError, HandshakeError, RefusedError, Timing
from ws_notify.address import Address
from ws_notify.cli.wire import Wire
from ws_notify.values import Notification, Receipt


def wire_to(url: str) -> Wire:
    return Wire(Address(url, None, Timing(handshake=0.2)))


def test_what_comes_is_dated_when_it_comes() -> None:
    def script(visit: Visit) -> None:
        visit.hear()
        visit.say(receipt("1"))
        visit.farewell()

    with scripted(script) as server, closing(wire_to(server.url)) as wire:
        wire.open()
        asked = wire.send("{}")
        _, at = wire.expect(Receipt, lambda it: it.id == "1", 5)
        assert asked < at <= time.monotonic()


def test_what_comes_before_the_answer_waits_for_its_turn() -> None:
    def script(visit: Visit) -> None:
        visit.say("garbage", notification(id="1"), receipt("1"))
        visit.farewell()

    with scripted(script) as server, closing(wire_to(server.url)) as wire:
        wire.open()
        wire.expect(Receipt, lambda it: it.id == "1", 5)
        heard, _ = wire.expect(Notification, lambda it: it.id == "1", 0)
        assert heard.message == "paid"


def test_silence_a_refusal_and_a_loss_are_raised() -> None:
    def script(visit: Visit) -> None:
        visit.hear()
        visit.say(error("forbidden"))
        visit.hear()
        visit.close(1001)

    with scripted(script) as server, closing(wire_to(server.url)) as wire:
        wire.open()
        with pytest.raises(TimeoutError):
            wire.expect(Receipt, lambda _: True, 0.01)
        wire.send("{}")
        with pytest.raises(RefusedError, match="forbidden"):
            wire.expect(Receipt, lambda _: True, 5)
        wire.send("{}")
        with pytest.raises(ConnectionLostError, match="1001"):
            wire.expect(Receipt, lambda _: True, 5)


def test_a_refused_handshake_is_raised() -> None:
    with (
        scripted(403) as server,
        closing(wire_to(server.url)) as wire,
        pytest.raises(HandshakeError),
    ):
        wire.open()
