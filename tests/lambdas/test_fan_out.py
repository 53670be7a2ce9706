"""Posts to many connections: in parallel within a bound, and within their budget."""

import threading
from collections.abc import Callable, Iterator

import pytest

from lambdas.layer import limits
from lambdas.layer.aws.clients import MAX_POSTS
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.sender import Delivery, Sender
from tests.kit.clock import FakeTime
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import Journal
from tests.kit.frames import subscribers

NO_ANSWER = TransportError("ConnectionResetError")
TEXT = '{"client":"backend"}'


def _ids(number: int) -> list[str]:
    return [f"c{n}" for n in range(number)]


def _all(number: int) -> list[dict[str, int]]:
    return subscribers(_ids(number))


def test_a_slow_connection_does_not_delay_the_others(sender: Sender, api: FakeConnections) -> None:
    others_are_done = threading.Event()

    def slow() -> int:
        assert others_are_done.wait(10)
        return 200

    def last() -> int:
        others_are_done.set()
        return 200

    api.script("c0", slow)
    api.script("c99", last)
    assert sender.broadcast(_all(100), TEXT).accepted == 100


def test_a_failing_connection_does_not_affect_the_others(
    sender: Sender, api: FakeConnections, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[int | Exception] = [403, NO_ANSWER, 500, 410]
    for connection_id, answer in zip(_ids(4), answers, strict=True):
        api.script(connection_id, answer)
    delivery = sender.broadcast(_all(10), TEXT)
    assert delivery == Delivery(accepted=6, gone=("c3",), failed=3)
    assert all(len(api.received(connection_id)) == 1 for connection_id in _ids(10)[4:])
    (record,) = caplog.records
    assert vars(record)["failed"] == 3
    assert vars(record)["reasons"] == {"403": 1, "ConnectionResetError": 1, "500": 1}
    assert time.slept


def _meeting(parties: int, timeout: float) -> Callable[[], int]:
    """Return an answer that is given when so many posts wait for it at once."""
    barrier = threading.Barrier(parties)

    def answer() -> int:
        try:
            barrier.wait(timeout)
        except threading.BrokenBarrierError:
            return 403
        return 200

    return answer


def test_posts_run_in_parallel(sender: Sender, api: FakeConnections) -> None:
    meeting = _meeting(MAX_POSTS, timeout=10)
    for connection_id in _ids(2 * MAX_POSTS):
        api.script(connection_id, meeting)
    assert sender.broadcast(_all(2 * MAX_POSTS), TEXT).accepted == 2 * MAX_POSTS
    assert api.most_at_once == MAX_POSTS


def test_parallel_posts_are_bounded(sender: Sender, api: FakeConnections) -> None:
    meeting = _meeting(MAX_POSTS + 1, timeout=0.3)
    for connection_id in _ids(2 * MAX_POSTS):
        api.script(connection_id, meeting)
    assert sender.broadcast(_all(2 * MAX_POSTS), TEXT).accepted == 0
    assert api.most_at_once <= MAX_POSTS


def test_the_next_batch_is_fetched_while_the_previous_one_is_posted(
    sender: Sender, api: FakeConnections
) -> None:
    fetched = threading.Event()

    def slow() -> int:
        assert fetched.wait(10)
        return 200

    def batches() -> Iterator[dict[str, int]]:
        yield from subscribers(["c0"])
        fetched.set()
        yield from subscribers(["c1"])

    api.script("c0", slow)
    assert sender.broadcast(batches(), TEXT) == Delivery(accepted=2, gone=(), failed=0)


def test_the_posts_under_way_end_before_the_error_of_fetching_a_batch_is_raised(
    sender: Sender, api: FakeConnections, journal: Journal
) -> None:
    failing = threading.Event()

    def slow() -> int:
        assert failing.wait(10)
        return 410

    def batches() -> Iterator[dict[str, int]]:
        yield from subscribers(["c0"])
        failing.set()
        raise RuntimeError("throttled")

    api.script("c0", slow)
    with pytest.raises(RuntimeError, match="throttled"):
        sender.broadcast(batches(), TEXT)
    assert journal == ["post c0", "post c0"]


def test_all_posts_have_ended_before_an_unexpected_error_of_one_is_raised(
    sender: Sender, api: FakeConnections
) -> None:
    others_may_end = threading.Event()

    def unexpected() -> int:
        threading.Timer(0.05, others_may_end.set).start()
        raise LookupError("not of AWS")

    def slow() -> int:
        assert others_may_end.wait(10)
        return 200

    api.script("c0", unexpected)
    for connection_id in _ids(4)[1:]:
        api.script(connection_id, slow)
    with pytest.raises(LookupError):
        sender.broadcast(_all(4), TEXT)
    assert len(api.posts) == 4


def test_the_budget_of_a_fan_out_starts_at_its_first_post(
    sender: Sender, api: FakeConnections, time: FakeTime
) -> None:
    def batches() -> Iterator[dict[str, int]]:
        yield {}
        time.advance(20)
        yield from subscribers(["c0"])

    del api
    assert sender.broadcast(batches(), TEXT).accepted == 1


def test_a_fan_out_ends_within_its_budget(
    sender: Sender, api: FakeConnections, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    start = time.monotonic()

    def slow() -> int:
        time.advance(0.5)
        return 200

    for connection_id in _ids(200):
        api.script(connection_id, slow)
    delivery = sender.broadcast(_all(200), TEXT)
    assert delivery.accepted + delivery.failed == 200
    in_time = limits.FAN_OUT_BUDGET / 0.5
    assert in_time <= delivery.accepted <= in_time + MAX_POSTS
    assert len(api.posts) == delivery.accepted
    assert time.monotonic() - start < limits.INTEGRATION_TIMEOUT
    assert vars(caplog.records[0])["reasons"] == {"no time left": delivery.failed}
