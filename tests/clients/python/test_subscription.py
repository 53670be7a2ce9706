"""Both clients listen to a server that does what servers and networks do."""

import pytest

from tests.clients.python.kit.clients import IMPATIENT, Connect
from tests.clients.python.kit.frames import GARBAGE, NOW, error, notification, subscribed
from tests.clients.python.kit.server import Visit, hang, scripted
from ws_notify import RefusedError

CLOSE_CODES = [1000, 1001, 1006, 1009, 1011, 4000]


def test_notifications_are_returned_in_order_and_once(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        assert visit.receive() == {"client": "frontend", "merchant_id": "shop", "ref": "12303"}
        visit.send(notification(id="1"), notification(id="2"), notification(id="1"), subscribed())
        visit.send(notification(id="2"), notification(id="3", amount="10.100"))
        assert visit.wait_until_closed() == 1000

    with scripted(script) as server:
        client = connect(server.url)
        subscription = client.subscribe("shop", "12303", every=True)
        received = [next(subscription) for _ in range(3)]
        assert [each.id for each in received] == ["1", "2", "3"]
        assert received[-1].data["amount"] == "10.100"
        client.close()
        with pytest.raises(StopIteration):
            next(subscription)


@pytest.mark.parametrize("code", CLOSE_CODES)
def test_a_closed_connection_is_replaced_and_misses_nothing(connect: Connect, code: int) -> None:
    def first(visit: Visit) -> None:
        visit.answer(visit.receive())
        visit.send(notification(id="1"))
        visit.close(code)

    def second(visit: Visit) -> None:
        assert visit.receive()["since"] == NOW
        visit.send(notification(id="1"), notification(id="missed"), subscribed())
        visit.serve()

    with scripted(first, second) as server:
        subscription = connect(server.url).subscribe("shop", "12303")
        assert [next(subscription).id, next(subscription).id] == ["1", "missed"]
        assert server.handshakes == 2


def test_a_subscribe_without_an_answer_reconnects(connect: Connect) -> None:
    def silent(visit: Visit) -> None:
        visit.receive()
        assert (
            visit.wait_until_closed() is None
        )  # without a close frame, which a dead network does not deliver

    with scripted(silent, Visit.serve) as server:
        assert connect(server.url, timeouts=IMPATIENT).subscribe("shop", "12303").ready()
        assert server.handshakes >= 2


def test_a_handshake_without_an_answer_reconnects(connect: Connect) -> None:
    with scripted(hang, Visit.serve) as server:
        assert connect(server.url, timeouts=IMPATIENT).subscribe("shop", "12303").ready()


def test_an_invalid_frame_is_ignored(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        visit.receive()
        visit.send(*GARBAGE, subscribed(), *GARBAGE, notification(id="1"))
        visit.serve()

    with scripted(script) as server:
        assert next(connect(server.url).subscribe("shop", "12303")).id == "1"
        assert server.handshakes == 1


def test_a_protocol_error_reconnects(connect: Connect) -> None:
    def no_utf8(visit: Visit) -> None:
        visit.receive()
        visit.socket.send(b"\xff\xfe", text=True)
        visit.wait_until_closed()

    def too_long(visit: Visit) -> None:
        visit.receive()
        visit.send("x" * 2**21)
        visit.wait_until_closed()

    with scripted(no_utf8, too_long, Visit.serve) as server:
        assert connect(server.url).subscribe("shop", "12303").ready()
        assert server.handshakes == 3


def test_a_rejected_ref_is_raised_and_the_others_go_on(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        assert visit.receive()["ref"] == "other"
        visit.send(error(field="ref"))
        visit.answer(visit.receive())
        visit.send(notification())
        visit.serve()

    with scripted(script) as server:
        subscription = connect(server.url).subscribe("shop", "other", "12303")
        with pytest.raises(RefusedError) as raised:
            next(subscription)
        error_ = raised.value
        assert (error_.code, error_.field, error_.request_id) == ("forbidden", "ref", "r-1")
        assert next(subscription).id == "n-1"


def test_a_subscription_whose_refs_are_all_rejected_ends(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        visit.receive()
        visit.send(error())
        assert visit.wait_until_closed() == 1000

    with scripted(script) as server:
        subscription = connect(server.url).subscribe("shop", "12303")
        with pytest.raises(RefusedError):
            subscription.ready()
        with pytest.raises(StopIteration):
            next(subscription)
        assert server.handshakes == 1


def test_a_closed_subscription_returns_no_notification_that_was_received_before(
    connect: Connect,
) -> None:
    def script(visit: Visit) -> None:
        visit.receive()
        visit.send(notification(id="1"), notification(id="2"), subscribed())
        visit.serve()

    with scripted(script) as server:
        subscription = connect(server.url).subscribe("shop", "12303", every=True)
        assert subscription.ready()
        assert next(subscription).id == "1"
        subscription.close()
        with pytest.raises(StopIteration):
            next(subscription)


def test_a_timeout_ends_the_iteration_and_the_connection(connect: Connect) -> None:
    farewells: list[int | None] = []

    def script(visit: Visit) -> None:
        visit.answer(visit.receive())
        visit.send(notification())
        farewells.append(visit.wait_until_closed())

    with scripted(script) as server:
        subscription = connect(server.url).subscribe("shop", "12303", timeout=0.5)
        next(subscription)
        with pytest.raises(StopIteration):
            next(subscription)
    assert farewells == [1000]
