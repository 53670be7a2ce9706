"""Both clients listen to a server that does what servers and networks do."""

import gc
import threading

import pytest

from tests.clients.python.frames import CRASHED, GARBAGE, NOW, error, notification, subscribed
from tests.clients.python.scripted import PATIENCE, Visit, hang, scripted
from tests.clients.python.speaking import Connect
from ws_notify import Client, RefusedError, Timing

CLOSE_CODES = [1000, 1001, 1006, 1009, 1011, 4000]
SHORT = Timing(answer=0.3, handshake=0.3, backoff=0.01, longest_backoff=0.05)
"""For what never comes."""


def test_what_comes_is_heard_in_order_and_once(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        assert visit.hear() == {"client": "frontend", "merchant_id": "shop", "ref": "12303"}
        visit.say(notification(id="1"), notification(id="2"), notification(id="1"), subscribed())
        visit.say(notification(id="2"), notification(id="3", amount="10.100"))
        assert visit.farewell() == 1000

    with scripted(script) as server:
        client = connect(server.url)
        subscription = client.subscribe("shop", "12303")
        heard = [next(subscription) for _ in range(3)]
        assert [each.id for each in heard] == ["1", "2", "3"]
        assert heard[-1].data["amount"] == "10.100"
        client.close()
        with pytest.raises(StopIteration):
            next(subscription)


@pytest.mark.parametrize("code", CLOSE_CODES)
def test_a_closed_connection_is_followed_by_one_that_asks_for_what_was_missed(
    connect: Connect, code: int
) -> None:
    def first(visit: Visit) -> None:
        visit.answer(visit.hear())
        visit.say(notification(id="1"))
        visit.close(code)

    def second(visit: Visit) -> None:
        assert visit.hear()["since"] == NOW
        visit.say(notification(id="1"), notification(id="missed"), subscribed())
        visit.serve()

    with scripted(first, second) as server:
        subscription = connect(server.url).subscribe("shop", "12303")
        assert [next(subscription).id, next(subscription).id] == ["1", "missed"]
        assert server.handshakes == 2


def test_a_subscribe_that_is_not_answered_means_a_dead_network(connect: Connect) -> None:
    def silent(visit: Visit) -> None:
        visit.hear()
        assert visit.farewell() is None  # without a farewell: nobody would hear it

    with scripted(silent, Visit.serve) as server:
        assert connect(server.url, timing=SHORT).subscribe("shop", "12303").ready()
        assert server.handshakes >= 2


def test_so_does_a_keep_alive(connect: Connect) -> None:
    def dies(visit: Visit) -> None:
        visit.answer(visit.hear())
        assert visit.hear()["since"] == NOW
        visit.stay_silent()

    def lives(visit: Visit) -> None:
        visit.hear()
        visit.say(notification(id="missed"))
        visit.serve()

    timing = Timing(keep_alive=0.1, answer=0.3, backoff=0.01, longest_backoff=0.05)
    with scripted(dies, lives) as server:
        subscription = connect(server.url, timing=timing).subscribe("shop", "12303")
        assert next(subscription).id == "missed"


def test_a_keep_alive_heals_what_could_not_be_posted(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        visit.answer(visit.hear())
        for _ in range(3):
            visit.answer(visit.hear())
        visit.say(notification(id="healed"))
        visit.serve()

    with scripted(script) as server:
        timing = Timing(keep_alive=0.05)
        subscription = connect(server.url, timing=timing).subscribe("shop", "12303")
        assert next(subscription).id == "healed"
        assert server.handshakes == 1


def test_a_handshake_that_is_never_answered_is_given_up(connect: Connect) -> None:
    with scripted(hang, Visit.serve) as server:
        assert connect(server.url, timing=SHORT).subscribe("shop", "12303").ready()


def test_garbage_is_passed_over(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        visit.hear()
        visit.say(*GARBAGE, subscribed(), *GARBAGE, notification(id="1"))
        visit.serve()

    with scripted(script) as server:
        assert next(connect(server.url).subscribe("shop", "12303")).id == "1"
        assert server.handshakes == 1


def test_what_is_no_websocket_any_more_is_left(connect: Connect) -> None:
    def no_utf8(visit: Visit) -> None:
        visit.hear()
        visit.socket.send(b"\xff\xfe", text=True)
        visit.farewell()

    def too_long(visit: Visit) -> None:
        visit.hear()
        visit.say("x" * 2**21)
        visit.farewell()

    with scripted(no_utf8, too_long, Visit.serve) as server:
        assert connect(server.url).subscribe("shop", "12303").ready()
        assert server.handshakes == 3


def test_a_ref_that_is_refused_for_good_is_raised_and_the_others_go_on(connect: Connect) -> None:
    asked: list[str] = []

    def script(visit: Visit) -> None:
        for _ in range(2):
            frame = visit.hear()
            asked.append(frame["ref"])
            if frame["ref"] == "other":
                visit.say(error(field="ref"))
            else:
                visit.say(subscribed(frame["ref"]), notification(frame["ref"]))
                visit.close(1001 if visit.number == 1 else 1000)

    def again(visit: Visit) -> None:
        asked.append(visit.hear()["ref"])
        visit.say(notification(id="later"), subscribed())
        visit.serve()

    with scripted(script, again) as server:
        subscription = connect(server.url).subscribe("shop", "other", "12303")
        with pytest.raises(RefusedError) as raised:
            next(subscription)
        refused = raised.value
        assert (refused.code, refused.field, refused.request_id) == ("forbidden", "ref", "r-1")
        assert [next(subscription).id, next(subscription).id] == ["n-1", "later"]
        assert asked == ["other", "12303", "12303"]


def test_a_subscription_of_which_all_is_refused_ends(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        visit.hear()
        visit.say(error())
        assert visit.farewell() == 1000

    with scripted(script) as server:
        subscription = connect(server.url).subscribe("shop", "12303")
        with pytest.raises(RefusedError):
            subscription.ready()
        with pytest.raises(StopIteration):
            next(subscription)
        assert server.handshakes == 1


def test_what_is_refused_for_now_is_asked_again(connect: Connect) -> None:
    def script(visit: Visit) -> None:
        visit.hear()
        visit.say(CRASHED)
        visit.serve()

    with scripted(script) as server:
        assert connect(server.url).subscribe("shop", "12303").ready()
        assert server.handshakes == 1


def test_the_old_connection_is_closed_only_when_the_new_one_is_subscribed(
    connect: Connect,
) -> None:
    opened, said, steps = threading.Event(), threading.Event(), []

    def first(visit: Visit) -> None:
        visit.hear()
        visit.say(subscribed(expires_at="2026-11-23T09:30:02.000Z"))
        assert opened.wait(PATIENCE)
        visit.say(notification(id="on the old one"))
        said.set()
        steps.append(("closed", visit.farewell()))

    def second(visit: Visit) -> None:
        frame = visit.hear()
        opened.set()
        assert said.wait(PATIENCE)
        visit.say(notification(id="on the new one"))
        steps.append(("subscribed", frame["since"]))
        visit.answer(frame)
        visit.serve()

    with scripted(first, second) as server:
        client = connect(server.url)
        subscription = client.subscribe("shop", "12303")
        assert {next(subscription).id for _ in range(2)} == {"on the old one", "on the new one"}
        assert subscription.ready()
        client.close()
    assert steps == [("subscribed", NOW), ("closed", 1000)]


def test_a_timeout_ends_the_iteration_and_the_connection(connect: Connect) -> None:
    farewells: list[int | None] = []

    def script(visit: Visit) -> None:
        visit.answer(visit.hear())
        visit.say(notification())
        farewells.append(visit.farewell())

    with scripted(script) as server:
        subscription = connect(server.url).subscribe("shop", "12303", timeout=0.5)
        next(subscription)
        with pytest.raises(StopIteration):
            next(subscription)
    assert farewells == [1000]


def test_a_subscription_that_is_forgotten_closes_its_connection() -> None:
    closed = threading.Event()

    def script(visit: Visit) -> None:
        visit.answer(visit.hear())
        visit.farewell()
        closed.set()

    with scripted(script) as server, Client(server.url) as client:
        assert client.subscribe("shop", "12303").ready()
        gc.collect()
        assert closed.wait(PATIENCE)
