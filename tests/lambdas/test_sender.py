"""Posting a frame to connections: each on its own, with retries, within its budget."""

import logging

import pytest

from lambdas.layer.aws.errors import TransportError
from lambdas.layer.post import Outcome, PostResult
from lambdas.layer.sender import Delivery, Sender
from tests.kit.clock import FakeTime
from tests.kit.connections import FakeConnections
from tests.kit.frames import NEVER, subscribers

NO_ANSWER = TransportError("ConnectionResetError: reset by peer")
TIMED_OUT = TransportError("TimeoutError: timed out")
TEXT = '{"client":"backend","message":"é"}'


def _ids(number: int) -> list[str]:
    return [f"c{n}" for n in range(number)]


def _all(number: int) -> list[dict[str, int]]:
    return subscribers(_ids(number))


def test_a_frame_reaches_each_connection_once_as_utf_8(
    sender: Sender, api: FakeConnections
) -> None:
    delivery = sender.broadcast(_all(50), TEXT)
    assert delivery == Delivery(accepted=50, gone=(), failed=0)
    assert sorted(post.connection_id for post in api.posts) == sorted(_ids(50))
    assert {post.text for post in api.posts} == {TEXT}


def test_a_broadcast_without_subscribers_posts_nothing(
    sender: Sender, api: FakeConnections
) -> None:
    assert sender.broadcast(subscribers(set()), TEXT) == Delivery(accepted=0, gone=(), failed=0)
    assert api.posts == []


def test_gone_connections_are_named_and_the_others_receive_the_frame(
    sender: Sender, api: FakeConnections, time: FakeTime
) -> None:
    api.script("c1", 410)
    api.script("c2", 410)
    delivery = sender.broadcast(_all(4), TEXT)
    assert delivery == Delivery(accepted=2, gone=("c1", "c2"), failed=0)
    assert len(api.posts) == 6
    assert time.slept


@pytest.mark.parametrize("answer", [429, 500, 502, 503, 504, NO_ANSWER, TIMED_OUT])
def test_a_retryable_response_is_retried(
    answer: int | Exception, sender: Sender, api: FakeConnections, time: FakeTime
) -> None:
    api.script("c0", answer, answer, 200)
    assert sender.replay("c0", [TEXT], NEVER).outcome is Outcome.ACCEPTED
    assert len(api.posts) == 3
    assert time.slept == [0.05, 0.1]


def test_a_connection_that_closes_between_two_attempts_is_gone(
    sender: Sender, api: FakeConnections, time: FakeTime
) -> None:
    api.script("c0", 429, 410)
    assert sender.replay("c0", [TEXT], NEVER).outcome is Outcome.GONE
    assert time.slept == pytest.approx([0.05, 0.2])


@pytest.mark.parametrize("status", [401, 403, 404, 413, 301])
def test_a_response_that_is_not_retryable_is_not_retried(
    status: int, sender: Sender, api: FakeConnections, time: FakeTime
) -> None:
    api.script("c0", status)
    assert sender.broadcast(_all(1), TEXT) == Delivery(accepted=0, gone=(), failed=1)
    assert len(api.posts) == 1
    assert time.slept == []


def test_a_post_gives_up_within_three_seconds(
    sender: Sender, api: FakeConnections, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    start = time.monotonic()
    api.script("c0", 500)
    sender.broadcast(subscribers(["c0"]), TEXT)
    assert 1.5 <= time.monotonic() - start <= 3.0
    assert len(api.posts) >= 5
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert vars(record)["reasons"] == {"500": 1}


def test_an_attempt_lasts_a_second_at_most_and_never_beyond_the_post_budget(
    sender: Sender, api: FakeConnections, time: FakeTime
) -> None:
    start = time.monotonic()

    def silent() -> int:
        time.advance(api_timeouts[-1])
        raise TransportError("TimeoutError: timed out")

    api_timeouts: list[float] = []
    api.script("c0", silent)
    post = api.post

    def noting(connection_id: str, data: bytes, timeout: float) -> int:
        api_timeouts.append(timeout)
        return post(connection_id, data, timeout)

    api.post = noting  # type: ignore[method-assign]
    assert sender.replay("c0", [TEXT], NEVER).outcome is Outcome.FAILED
    assert max(api_timeouts) == 1.0
    assert time.monotonic() - start <= 3.0 + 1e-9
    assert len(api_timeouts) == 3


def test_a_replay_stops_at_the_first_frame_that_is_not_accepted(
    sender: Sender, api: FakeConnections
) -> None:
    api.script("c0", 200, 403, 200)
    assert sender.replay("c0", ["1", "2", "3"], NEVER) == PostResult("c0", Outcome.FAILED, "403")
    assert len(api.posts) == 2
    api.script("c1", 410)
    assert sender.replay("c1", ["1", "2"], NEVER).outcome is Outcome.GONE


def test_a_replay_may_last_longer_than_a_post(
    sender: Sender, api: FakeConnections, time: FakeTime
) -> None:
    def slow() -> int:
        time.advance(0.1)
        return 200

    api.script("c0", slow)
    assert sender.replay("c0", ["x"] * 100, NEVER).outcome is Outcome.ACCEPTED
    assert len(api.posts) == 100


def test_a_replay_ends_within_the_fan_out_budget(
    sender: Sender, api: FakeConnections, time: FakeTime
) -> None:
    def slow() -> int:
        time.advance(0.9)
        return 200

    start = time.monotonic()
    api.script("c0", slow)
    assert sender.replay("c0", ["x"] * 100, NEVER) == PostResult(
        "c0", Outcome.FAILED, "no time left"
    )
    assert time.monotonic() - start <= 21
