"""One connection, used step by step."""

import time
from contextlib import closing

import pytest

from tests.clients.python.kit.frames import error, notification, receipt
from tests.clients.python.kit.server import Visit, scripted
from ws_notify import ConnectionLostError, HandshakeError, RefusedError, Timeouts
from ws_notify.cli.probe import Probe
from ws_notify.endpoint import Endpoint
from ws_notify.values import Notification, Receipt


def wire_to(url: str) -> Probe:
    return Probe(Endpoint(url, None, Timeouts(handshake=0.2)))


def test_a_frame_is_dated_when_it_arrives() -> None:
    def script(visit: Visit) -> None:
        visit.receive()
        visit.send(receipt("1"))
        visit.wait_until_closed()

    with scripted(script) as server, closing(wire_to(server.url)) as probe:
        probe.open()
        sent_at = probe.send("{}")
        _, at = probe.expect(Receipt, lambda it: it.id == "1", 5)
        assert sent_at < at <= time.monotonic()


def test_a_frame_before_the_answer_is_kept_for_the_next_call() -> None:
    def script(visit: Visit) -> None:
        visit.send("garbage", notification(id="1"), receipt("1"))
        visit.wait_until_closed()

    with scripted(script) as server, closing(wire_to(server.url)) as probe:
        probe.open()
        probe.expect(Receipt, lambda it: it.id == "1", 5)
        received, _ = probe.expect(Notification, lambda it: it.id == "1", 0)
        assert received.message == "paid"


def test_a_missing_answer_a_rejection_and_a_loss_are_raised() -> None:
    def script(visit: Visit) -> None:
        visit.receive()
        visit.send(error("forbidden"))
        visit.receive()
        visit.close(1001)

    with scripted(script) as server, closing(wire_to(server.url)) as probe:
        probe.open()
        with pytest.raises(TimeoutError):
            probe.expect(Receipt, lambda _: True, 0.01)
        probe.send("{}")
        with pytest.raises(RefusedError, match="forbidden"):
            probe.expect(Receipt, lambda _: True, 5)
        probe.send("{}")
        with pytest.raises(ConnectionLostError, match="1001"):
            probe.expect(Receipt, lambda _: True, 5)


def test_a_rejected_handshake_is_raised() -> None:
    with (
        scripted(403) as server,
        closing(wire_to(server.url)) as probe,
        pytest.raises(HandshakeError),
    ):
        probe.open()
