"""Getting a frame to connections: each on its own, in parallel, tried again, the dead forgotten."""

import logging
from dataclasses import dataclass

import pytest

from lambdas.layer.aws.errors import TransportError
from lambdas.layer.post import Outcome, PostResult
from lambdas.layer.sender import Delivery, Sender
from lambdas.layer.storage import Storage
from tests.fakes import FakeApi, FakeTime, Journal, TappedDynamo
from tests.lambdas.examples import NEVER, TOPIC, publish, subscribers
from tests.lambdas.tables import Tables

NO_ANSWER = TransportError("ConnectionResetError: reset by peer")
TIMED_OUT = TransportError("TimeoutError: timed out")
TEXT = '{"client":"backend","message":"é"}'


def _ids(number: int) -> list[str]:
    return [f"c{n}" for n in range(number)]


def _all(number: int) -> list[dict[str, int]]:
    return subscribers(_ids(number))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits for the topic, as the tables have it."""

    storage: Storage
    tables: Tables

    def add(self, connection_ids: list[str]) -> None:
        for connection_id in connection_ids:
            self.storage.create_connection(connection_id, publish())

    def now(self) -> set[str]:
        return {row["connection_id"]["S"] for row in self.tables.subscriptions()}


@pytest.fixture
def waiting(storage: Storage, tables: Tables) -> Waiting:
    return Waiting(storage, tables)


def test_a_frame_reaches_each_connection_once_as_utf_8(sender: Sender, api: FakeApi) -> None:
    delivery = sender.broadcast(TOPIC, _all(50), TEXT)
    assert delivery == Delivery(accepted=50, gone=0, failed=0)
    assert sorted(post.connection_id for post in api.posts) == sorted(_ids(50))
    assert {post.text for post in api.posts} == {TEXT}


def test_nobody_to_send_to_is_no_error(sender: Sender, api: FakeApi) -> None:
    assert sender.broadcast(TOPIC, subscribers(set()), TEXT) == Delivery(
        accepted=0, gone=0, failed=0
    )
    assert api.posts == []


def test_the_dead_are_counted_and_forgotten_and_the_living_get_theirs(
    sender: Sender, api: FakeApi, waiting: Waiting, time: FakeTime
) -> None:
    waiting.add(_ids(4))
    api.script("c1", 410)
    api.script("c2", 410)
    assert sender.broadcast(TOPIC, _all(4), TEXT) == Delivery(accepted=2, gone=2, failed=0)
    assert waiting.now() == {"c0", "c3"}
    assert {line["line"]["S"] for line in waiting.tables.lines()} == {"joined#c0", "joined#c3"}
    assert len(api.posts) == 6
    assert time.slept


def test_many_dead_are_forgotten_in_batches(
    sender: Sender, api: FakeApi, dynamo: TappedDynamo
) -> None:
    for connection_id in _ids(30):
        api.script(connection_id, 410)
    assert sender.broadcast(TOPIC, _all(30), TEXT).gone == 30
    assert len(dynamo.asked("write")) == 3  # 30 subscriptions and 30 lines, 25 a call


def test_forgetting_that_fails_is_logged_and_costs_the_publisher_nothing(
    sender: Sender, api: FakeApi, dynamo: TappedDynamo, caplog: pytest.LogCaptureFixture
) -> None:
    api.script("c0", 410)
    dynamo.fail("write", RuntimeError("throttled"))
    delivery = sender.broadcast(TOPIC, _all(2), TEXT)
    assert delivery == Delivery(accepted=1, gone=1, failed=0)
    (record,) = caplog.records
    assert record.getMessage() == "forgetting dead connections failed"
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "throttled"


@pytest.mark.parametrize("answer", [429, 500, 502, 503, 504, NO_ANSWER, TIMED_OUT])
def test_what_may_pass_is_tried_again(
    answer: int | Exception, sender: Sender, api: FakeApi, time: FakeTime
) -> None:
    api.script("c0", answer, answer, 200)
    assert sender.replay("c0", [TEXT], NEVER).outcome is Outcome.ACCEPTED
    assert len(api.posts) == 3
    assert time.slept == [0.05, 0.1]


def test_a_connection_that_dies_between_two_tries_is_gone(
    sender: Sender, api: FakeApi, time: FakeTime
) -> None:
    api.script("c0", 429, 410)
    assert sender.replay("c0", [TEXT], NEVER).outcome is Outcome.GONE
    assert time.slept == pytest.approx([0.05, 0.2])


@pytest.mark.parametrize("status", [401, 403, 404, 413, 301])
def test_what_will_not_pass_is_not_tried_again(
    status: int, sender: Sender, api: FakeApi, waiting: Waiting, time: FakeTime
) -> None:
    waiting.add(_ids(1))
    api.script("c0", status)
    assert sender.broadcast(TOPIC, _all(1), TEXT) == Delivery(accepted=0, gone=0, failed=1)
    assert len(api.posts) == 1
    assert time.slept == []
    assert waiting.now() == {"c0"}


def test_a_post_gives_up_within_three_seconds(
    sender: Sender, api: FakeApi, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    start = time.monotonic()
    api.script("c0", 500)
    sender.broadcast(TOPIC, subscribers(["c0"]), TEXT)
    assert 1.5 <= time.monotonic() - start <= 3.0
    assert len(api.posts) >= 5
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert vars(record)["why"] == {"500": 1}


def test_a_try_lasts_a_second_at_most_and_never_past_the_three(
    sender: Sender, api: FakeApi, time: FakeTime
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


def test_the_dead_are_forgotten_after_the_living_have_theirs(
    sender: Sender, api: FakeApi, journal: Journal
) -> None:
    api.script("c0", 410)
    sender.broadcast(TOPIC, _all(3), TEXT)
    assert sorted(journal[:-1]) == ["post c0", "post c0", "post c1", "post c2"]
    assert journal[-1] == "write"


def test_a_replay_stops_at_the_first_frame_that_does_not_arrive(
    sender: Sender, api: FakeApi, dynamo: TappedDynamo
) -> None:
    api.script("c0", 200, 403, 200)
    assert sender.replay("c0", ["1", "2", "3"], NEVER) == PostResult("c0", Outcome.FAILED, "403")
    assert len(api.posts) == 2
    api.script("c1", 410)
    assert sender.replay("c1", ["1", "2"], NEVER).outcome is Outcome.GONE
    assert dynamo.calls == []


def test_a_replay_may_last_longer_than_a_post(sender: Sender, api: FakeApi, time: FakeTime) -> None:
    def slow() -> int:
        time.advance(0.1)
        return 200

    api.script("c0", slow)
    assert sender.replay("c0", ["x"] * 100, NEVER).outcome is Outcome.ACCEPTED
    assert len(api.posts) == 100


def test_a_replay_ends_before_api_gateway_stops_waiting(
    sender: Sender, api: FakeApi, time: FakeTime
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
