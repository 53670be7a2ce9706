"""Both clients publish to a server that does what servers and networks do."""

import socket
import threading
import time
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients.python.kit.clients import IMPATIENT, PAYMENT, Connect
from tests.clients.python.kit.frames import CRASHED, GARBAGE, GATEWAYS_ERROR, receipt
from tests.clients.python.kit.server import TIMEOUT, Script, Visit, hang, scripted
from ws_notify import ClosedError, DeadlineError, RefusedError, Timeouts


def closing(code: int) -> Script:
    def script(visit: Visit) -> None:
        with suppress(ConnectionClosed):  # its deadline may end the client first
            visit.receive()
        visit.close(code)

    return script


def silent(visit: Visit) -> None:
    with suppress(ConnectionClosed):  # its deadline may end the client first
        visit.receive()
    visit.hold()


def refusing(*answers: str) -> Script:
    def script(visit: Visit) -> None:
        for answer in answers:
            visit.receive()
            visit.send(answer)
        visit.serve()

    return script


def test_a_publish_returns_its_receipt(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        frame = visit.receive()
        id_ = frame.pop("id")
        assert frame == {"client": "backend", "status": "done", "amount": "10.100", **PAYMENT}
        visit.send(receipt("another"), *GARBAGE, receipt(id_, accepted=2, duplicate=True))
        visit.serve()

    with scripted(script) as server:
        receipt_ = connect(server.url).publish(**PAYMENT, amount="10.100")
        assert (receipt_.accepted, receipt_.duplicate) == (2, True)


@pytest.mark.parametrize(
    "first",
    [
        *(closing(code) for code in (1000, 1001, 1006, 1011)),
        silent,
        hang,
        503,
        429,
        refusing(CRASHED),
        refusing(GATEWAYS_ERROR),
    ],
    ids=["1000", "1001", "1006", "1011", "silent", "half-open", "503", "429", "crash", "gateway"],
)
def test_a_failed_publish_is_retried_with_the_same_id(connect: Connect, first: Script) -> None:
    with scripted(first, first, Visit.serve) as server:
        client = connect(server.url, timeouts=IMPATIENT)
        assert client.publish(**PAYMENT, id="mine").id == "mine"
        # And so is one whose id is the client's own.
        assert client.publish(**PAYMENT).id != "mine"


def test_a_generated_id_is_the_same_for_each_attempt(connect: Connect) -> None:
    heard: list[str] = []

    def script(visit: Visit) -> None:
        heard.append(visit.receive()["id"])
        visit.close(1011)

    with scripted(script, script, script, Visit.serve) as server:
        assert connect(server.url).publish(**PAYMENT).id == heard[0]
    assert heard == [heard[0]] * 3


@pytest.mark.parametrize("script", [silent, hang, closing(1006), 503], ids=str)
def test_a_deadline_bounds_the_call_and_names_the_id(connect: Connect, script: Script) -> None:
    with scripted(script) as server:
        client = connect(server.url, timeouts=IMPATIENT)
        began = time.monotonic()
        with pytest.raises(DeadlineError) as raised:
            client.publish(**PAYMENT, id="mine", deadline=0.4)
        assert 0.4 <= time.monotonic() - began < 2
        assert raised.value.id == "mine"
        assert raised.value.retryable


def test_a_deadline_drops_a_connection_whose_peer_does_not_read(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_notify.fields.MAX_BYTES", 2**30)  # more than the buffers of sockets
    expired, dropped = threading.Event(), threading.Event()

    def script(visit: Visit) -> None:
        assert expired.wait(TIMEOUT)
        assert visit.wait_until_closed() is None
        dropped.set()

    with scripted(script) as server:
        client = connect(server.url, timeouts=Timeouts(attempt=TIMEOUT))
        with pytest.raises(DeadlineError):
            client.publish(**{**PAYMENT, "message": "x" * 20_000_000}, deadline=1)
        expired.set()
        assert dropped.wait(TIMEOUT)  # though the client is still open


@pytest.mark.parametrize("host", ["nowhere.invalid", "127.0.0.1"])
def test_a_deadline_error_names_the_failure_to_connect(connect: Connect, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(DeadlineError, match=r"The connection (could not be opened|did not open)"):
        connect(f"ws://{host}:{port}/dev", timeouts=IMPATIENT).publish(**PAYMENT, deadline=0.5)


def test_a_close_with_1009_is_raised_as_too_large(connect: Connect) -> None:
    with scripted(closing(1009)) as server:
        with pytest.raises(RefusedError, match="too_large"):
            connect(server.url).publish(**PAYMENT)
        assert server.handshakes == 1


def test_a_large_message_is_sent_in_fragments_that_the_gateway_accepts(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        frames = list(visit.socket.recv_streaming(decode=False))
        assert max(map(len, frames)) <= 32 * 1024
        assert b"".join(frames).decode().count("\N{GRINNING FACE}") == 30_000
        visit.send(receipt("mine"))
        visit.serve()

    with scripted(script) as server:
        message = "\N{GRINNING FACE}" * 30_000
        assert connect(server.url).publish(**{**PAYMENT, "message": message}, id="mine")


def test_a_closed_client_raises_closed_error(connect: Connect) -> None:
    with scripted(Visit.serve) as server:
        client = connect(server.url)
        client.publish(**PAYMENT)
        client.close()
        client.close()
        with pytest.raises(ClosedError):
            client.publish(**PAYMENT)
        with pytest.raises(ClosedError):
            client.subscribe("shop", "12303")
