"""Which connections count as gone: a 410 may be false, and a 400 may concern a live connection."""

import threading
from collections.abc import Iterator

import pytest

from lambdas.layer.aws.clients import MAX_POSTS
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.post import Outcome, Post, Poster, PostResult, Unconfirmed
from lambdas.layer.sender import Delivery, Sender
from tests.kit.clock import FakeClock, FakeTime
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import Journal
from tests.kit.frames import NEVER, subscribers

CONNECTION = "V7mQkd0fDoECJwg="
NO_ANSWER = TransportError("ConnectionResetError")
TEXT = '{"client":"backend"}'
ACCEPTED, GONE, FAILED = Delivery(1, (), 0), Delivery(0, (CONNECTION,), 0), Delivery(0, (), 1)


@pytest.mark.parametrize(
    ("answers", "delivery"),
    [
        ((410, 200), ACCEPTED),
        ((410, 500, 200), ACCEPTED),
        ((429, 410, NO_ANSWER, 200), ACCEPTED),
        ((410, 410), GONE),
        ((410, 500, 410), GONE),
        ((500, 410, NO_ANSWER, 410), GONE),
        ((410, 403), FAILED),
        ((410, 500), FAILED),
        ((410, 400), FAILED),
    ],
)
@pytest.mark.usefixtures("time")
def test_a_connection_is_gone_only_after_a_second_410(
    answers: tuple[int | Exception, ...], delivery: Delivery, sender: Sender, api: FakeConnections
) -> None:
    api.script(CONNECTION, *answers)
    assert sender.broadcast(subscribers([CONNECTION]), TEXT) == delivery


def test_a_replay_goes_on_after_a_false_410(
    sender: Sender, api: FakeConnections, time: FakeTime
) -> None:
    api.script(CONNECTION, 200, 410, 200)
    assert sender.replay(CONNECTION, ["1", "2", "3"], NEVER).outcome is Outcome.ACCEPTED
    assert [post.text for post in api.posts if post.accepted] == ["1", "2", "3"]
    assert time.slept == pytest.approx([0.2])


@pytest.fixture
def poster(api: FakeConnections, clock: FakeClock) -> Poster:
    return Poster(api, clock)


def _post(time: FakeTime, seconds: float = 14) -> Post:
    return Post(CONNECTION, TEXT.encode(), time.monotonic() + seconds, NEVER)


@pytest.mark.parametrize("waited", [0.0, 0.15, 0.2, 5.0])
def test_a_410_is_confirmed_at_least_200_ms_after_the_first_of_which_only_the_rest_is_slept(
    waited: float, poster: Poster, api: FakeConnections, time: FakeTime
) -> None:
    post = _post(time)
    api.script(CONNECTION, 410)
    first = poster.post(post)
    assert isinstance(first, Unconfirmed)
    assert time.slept == []
    time.advance(waited)
    assert poster.confirm(post, first).outcome is Outcome.GONE
    assert time.monotonic() >= first.came_at + 0.2
    assert sum(time.slept) == pytest.approx(max(0, 0.2 - waited))


def test_time_spent_in_the_queue_does_not_count_against_the_budget_of_a_confirmation(
    poster: Poster, api: FakeConnections, time: FakeTime
) -> None:
    def slowly_gone() -> int:
        time.advance(0.9)
        return 410

    post = _post(time)
    api.script(CONNECTION, slowly_gone)
    first = poster.post(post)
    assert isinstance(first, Unconfirmed)
    assert first.remaining == pytest.approx(2.1)
    time.advance(4)
    began = time.monotonic()
    api.script(CONNECTION, 500)
    assert poster.confirm(post, first) == PostResult(CONNECTION, Outcome.FAILED, "500")
    assert time.monotonic() - began <= 2.1


@pytest.mark.parametrize("of", ["the post", "the fan-out"])
def test_a_post_fails_when_no_time_remains_to_confirm_its_410(
    of: str, poster: Poster, api: FakeConnections, time: FakeTime
) -> None:
    def late() -> int:
        time.advance(2.85)
        return 410

    post = _post(time, seconds=3 if of == "the fan-out" else 14)
    api.script(CONNECTION, late)
    first = poster.post(post)
    assert isinstance(first, Unconfirmed)
    assert poster.confirm(post, first) == PostResult(CONNECTION, Outcome.FAILED, "410")
    assert len(api.posts) == 1


@pytest.mark.parametrize(
    ("connection_id", "outcome"),
    [
        (CONNECTION, Outcome.FAILED),
        ("JC1dgf9y", Outcome.FAILED),
        ("oAM_K-g=", Outcome.FAILED),
        ("JC1dgf9", Outcome.GONE),
        ("3", Outcome.GONE),
        ("V7mQkd0f DoECJwg=", Outcome.GONE),
        ("V7mQkd0f/DoECJwg=", Outcome.GONE),
        ("V7mQkd0fDoECJwé=", Outcome.GONE),
        ("V7mQkd0fDoECJwg=\n", Outcome.GONE),
    ],
)
def test_a_400_means_gone_only_for_an_impossible_connection_id(
    connection_id: str, outcome: Outcome, sender: Sender, api: FakeConnections
) -> None:
    api.script(connection_id, 400)
    result = sender.replay(connection_id, [TEXT], NEVER)
    assert result == PostResult(connection_id, outcome, "400")
    assert len(api.posts) == 1


def test_a_410_is_confirmed_after_the_first_attempts_of_the_whole_batch(
    sender: Sender, api: FakeConnections, journal: Journal
) -> None:
    submitted = threading.Event()
    gone = [f"gone{n}" for n in range(3 * MAX_POSTS)]

    def answer_gone() -> int:
        assert submitted.wait(10)
        return 410

    def batches() -> Iterator[dict[str, int]]:
        yield from subscribers([*gone, "living"])
        submitted.set()

    for connection_id in gone:
        api.script(connection_id, answer_gone)
    assert sender.broadcast(batches(), TEXT) == Delivery(1, tuple(gone), 0)
    firsts = len(gone) + 1
    assert len(set(journal[:firsts])) == firsts
    assert len(journal[firsts:]) == len(gone)
