"""The reconciliation of the load's logs: each broken guarantee is found and reported."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.load import memory
from benchmarks.load.disconnects import Rows
from benchmarks.load.figures import Figures
from benchmarks.load.plan import LONG, SHORT, Plan, Topic, assign
from benchmarks.load.pollers import Asked
from benchmarks.load.publishers import Exchange, Window
from benchmarks.load.rates import Beside, Pace, Rates
from benchmarks.load.reconciliation import Polled, Reconciliation, reconcile, reconcile_polls
from benchmarks.load.scenario import AbruptDisconnects, Load, publications
from benchmarks.load.subscribers import Arrival
from benchmarks.spread import Spread
from tests.kit.peer import Frame, publication
from tools import ToolError

TOPIC: Topic = ("shop", 1)
OTHER: Topic = ("other", 1)
SUBSCRIBERS = {TOPIC: [0, 1], OTHER: [2]}
PUBLISHED = publication(*TOPIC, message="paid 7")
RECEIPT = {"type": "receipt", "id": "a", "accepted": 2, "gone": 0, "failed": 0}
NOTHING_WRONG = Reconciliation(
    publishes=1,
    pairs=2,
    redelivered=0,
    failed=0,
    lost=0,
    duplicated=0,
    unexpected=0,
    unanswered=0,
    wrong_receipts=0,
)


def arrival(subscriber: int, at: float = 2.0, **more: object) -> Arrival:
    return Arrival(subscriber, at, {**PUBLISHED, "id": "a", "sent_at": "now", **more})


def reconciled(*arrivals: Arrival, reply: str = "", **receipt: object) -> Reconciliation:
    answer = reply or json.dumps({**RECEIPT, **receipt})
    return reconcile([Exchange(PUBLISHED, 1.0, answer, 3.0)], arrivals, SUBSCRIBERS)


def test_one_delivery_to_each_subscriber_breaks_no_guarantee() -> None:
    found = reconciled(arrival(0), arrival(1))
    assert found == NOTHING_WRONG
    assert found.good


def test_a_missing_delivery_is_lost_and_its_receipt_is_wrong() -> None:
    found = reconciled(arrival(0))
    assert found == replace(NOTHING_WRONG, lost=1, wrong_receipts=1)
    assert not found.good


def test_a_missing_delivery_that_the_receipt_counts_as_failed_is_not_lost() -> None:
    found = reconciled(arrival(0), accepted=1, failed=1)
    assert found == replace(NOTHING_WRONG, failed=1)
    assert found.good


def test_a_post_that_the_receipt_counts_as_failed_may_have_arrived() -> None:
    assert reconciled(arrival(0), arrival(1), accepted=1, failed=1).good


def test_a_receipt_that_counts_fewer_than_the_deliveries_is_wrong() -> None:
    assert reconciled(arrival(0), arrival(1), accepted=1).wrong_receipts == 1


def test_a_delivery_with_a_known_id_is_redelivered_and_breaks_no_guarantee() -> None:
    found = reconciled(arrival(0), arrival(1), arrival(1))
    assert found == replace(NOTHING_WRONG, redelivered=1)
    assert found.good


def test_one_notification_under_two_ids_is_duplicated() -> None:
    found = reconciled(arrival(0), arrival(1), arrival(1, id="b"))
    assert found == replace(NOTHING_WRONG, duplicated=1, wrong_receipts=1)
    assert not found.good


@pytest.mark.parametrize(
    "unexpected",
    [
        arrival(2),
        arrival(0, status="failed"),
        arrival(0, message="never published"),
        Arrival(0, 2, {}),
    ],
    ids=["another merchant's", "altered", "never published", "empty"],
)
def test_a_delivery_that_nobody_published_to_the_subscriber_is_unexpected(
    unexpected: Arrival,
) -> None:
    found = reconciled(arrival(0), arrival(1), unexpected)
    assert found == replace(NOTHING_WRONG, unexpected=1)
    assert not found.good


@pytest.mark.parametrize("reply", ["Internal server error", "[]", '{"type": "error"}'])
def test_a_publish_that_is_not_answered_with_a_receipt_is_unanswered(reply: str) -> None:
    found = reconciled(arrival(0), arrival(1), reply=reply)
    assert found == replace(NOTHING_WRONG, unanswered=1)
    assert not found.good


NOTHING_LOST = Polled(pairs=2, repeated=0, lost=0, duplicated=0, unexpected=0)


@pytest.mark.parametrize(
    ("arrivals", "changed"),
    [
        ([arrival(0), arrival(1)], {}),
        ([arrival(0), arrival(0), arrival(1)], {"repeated": 1}),
        ([arrival(1)], {"lost": 1}),
        ([arrival(0), arrival(1), arrival(1, id="b")], {"duplicated": 1}),
        ([arrival(0), arrival(1), arrival(2)], {"unexpected": 1}),
    ],
    ids=["one each", "an overlap", "lost", "two ids", "another merchant's"],
)
def test_pollers_get_each_notification_of_their_topic_whatever_its_receipt_counts(
    arrivals: list[Arrival], changed: dict[str, int]
) -> None:
    published = [Exchange(PUBLISHED, 1.0, json.dumps({**RECEIPT, "accepted": 0}), 3.0)]
    found = reconcile_polls(published, arrivals, SUBSCRIBERS)
    assert found == replace(NOTHING_LOST, **changed)
    assert found.good == (changed.keys() <= {"repeated"})


FRAMES = publications([TOPIC], "rates")


def window(*times: tuple[float, float]) -> Window:
    return Window(0.0, [Exchange(next(FRAMES), sent, "", answered) for sent, answered in times])


def delivered(of: Window, *subscribers: int, at: float) -> list[Arrival]:
    return [Arrival(one, at, exchange.frame) for exchange in of.exchanges for one in subscribers]


def test_rates_are_computed_per_window_and_relative_to_its_echoes() -> None:
    echoes = [window((0.0, 0.5), (0.0, 1.0)), window((0.0, 0.5))]
    publishes = window((0.0, 1.0)), window((0.0, 2.0))
    arrivals = [
        *delivered(publishes[0], 0, 1, 2, at=0.5),
        *delivered(publishes[0], 1, at=9.0),  # again: the first counts
        *delivered(publishes[1], 0, 1, at=4.0),  # after the receipt
    ]
    with pytest.raises(ToolError, match="delivered nothing"):
        Rates.of(echoes, publishes, arrivals[:3])
    rates = Rates.of(echoes, publishes, arrivals)
    assert rates.echoes.per_second == [2.0, 2.0]
    assert rates.publishes.per_second == [1.0, 0.5]
    assert rates.deliveries.per_second == [3.0, 0.5]
    assert rates.deliveries.times_echo == Spread(median=0.875, low=0.5625, high=1.1875, count=2)
    assert rates.deliveries.milliseconds.count == 5
    assert rates.deliveries.milliseconds.p50 == 500


def beside(*times: tuple[float, float], asked: tuple[float, ...] = (), refused: int = 0) -> Beside:
    return Beside(window(*times), Asked(list(asked), refused))


def test_the_pace_beside_requests_is_relative_to_that_alone() -> None:
    alone = [beside((0.0, 0.5)), beside((0.0, 1.0))]
    asked = (0.1, 0.2, 0.3)
    pace = Pace.of([beside((0.0, 1.0), asked=asked), beside((0.0, 1.0), refused=1)], alone)
    assert pace.times_alone == Spread(median=0.75, low=0.625, high=0.875, count=2)
    assert pace.times_as_long == Spread(median=1.5, low=1.25, high=1.75, count=2)
    assert pace.asked == [3.0, 0.0]
    assert pace.asked_milliseconds is not None
    assert pace.asked_milliseconds.p50 == pytest.approx(200)
    assert pace.refused == 1
    assert Pace.of(alone, alone).asked_milliseconds is None


def figures(  # noqa: PLR0913 - what tests change
    *,
    per_publish: int = 3,
    gone: int = 2,
    before: int = 2,
    after: int = 0,
    lost: int = 0,
    polled: Polled = NOTHING_LOST,
    slowed: float = 1.0,
) -> Figures:
    echoes = [window((0.0, 1.0), (0.0, 1.0)), window((0.0, 1.0), (0.0, 1.0))]
    publishes = [window((0.0, 3.0)), window((0.0, 3.0))]
    arrivals = [one for each in publishes for one in delivered(each, *range(per_publish), at=1.0)]
    first = replace(NOTHING_WRONG, lost=lost)
    held: tuple[memory.Resident, memory.Resident] = (
        {"the emulator": [100.2]},
        {"default": [40.4], "the emulator": [101.0]},
    )
    alone = [beside((0.0, 3.0)), beside((0.0, 3.0))]
    polls = [beside((0.0, 3.0 * slowed), asked=(0.2, 0.2, 0.2)) for _ in alone]
    load = Load(echoes, publishes, alone, polls, alone, arrivals, first, polled, held)
    disconnects = AbruptDisconnects(gone, Rows(before, before), Rows(after, after), NOTHING_WRONG)
    rates = Rates.of(echoes, publishes, arrivals)
    return Figures(SHORT, load, disconnects, rates, {"polls": Pace.of(polls, alone)})


def lines(of: Figures, what: str) -> list[tuple[str, ...]]:
    rows = (row for table in of.tables() for row in table.rows)
    return [row[1:] for row in rows if row[0].startswith(what)]


def line(of: Figures, what: str) -> tuple[str, ...]:
    (row,) = lines(of, what)
    return row


def test_a_run_without_violations_is_good_and_shows_its_figures() -> None:
    of = figures()
    assert of.good
    assert line(of, "lost by pollers") == ("0", "0", "yes")
    assert line(of, "pairs of a notification and a subscriber") == ("", "4", "")
    assert line(of, "pairs of a notification and a poller") == ("", "2", "")
    assert line(of, "publishes a second at a") == ("at least 0.95", "1.00 (1.00 to 1.00)", "yes")
    assert line(of, "polls") == (
        *("0.33 (0.33 to 0.33)", "1.00 (1.00 to 1.00)", "3000", "3000", "1.00 (1.00 to 1.00)"),
        *("1.00 (1.00 to 1.00)", "200", "200"),
    )
    assert line(of, "deliveries a second") == ("at least 0.5", "0.50 (0.50 to 0.50)", "yes")
    assert line(of, "publishes a second, times") == ("", "0.17 (0.17 to 0.17)", "")
    assert line(of, "rows of 2")[1:] == ("2 and 2 before, 0 and 0 after", "yes")
    assert line(of, "default") == ("none", "40")
    assert json.loads(json.dumps(of.as_json()))["disconnects"]["after"] == asdict(Rows(0, 0))


def test_a_rate_below_the_required_one_is_shown_and_breaks_no_guarantee() -> None:
    of = figures(per_publish=2)
    assert line(of, "deliveries a second")[-1] == "NO"
    assert of.good


def test_a_run_with_a_lost_pair_is_not_good() -> None:
    of = figures(lost=1)
    assert lines(of, "lost") == [("0", "1", "NO"), ("0", "0", "yes")]
    assert not of.good


def test_a_run_with_a_pair_lost_by_a_poller_is_not_good() -> None:
    of = figures(polled=replace(NOTHING_LOST, lost=1))
    assert lines(of, "lost") == [("0", "0", "yes"), ("0", "1", "NO")]
    assert not of.good


def test_publishes_that_slow_down_beside_pollers_are_shown_and_break_no_guarantee() -> None:
    of = figures(slowed=2)
    assert line(of, "publishes a second at a")[-1] == "NO"
    assert of.good


@pytest.mark.parametrize("of", [figures(after=1), figures(before=0)], ids=["left", "none before"])
def test_a_run_with_rows_left_or_without_rows_before_is_not_good(of: Figures) -> None:
    assert line(of, "rows of 2")[-1] == "NO"
    assert not of.good


@pytest.mark.parametrize("plan", [LONG, SHORT], ids=["long", "short"])
def test_the_first_subscribers_of_all_topics_come_first(plan: Plan) -> None:
    topics = assign(plan)
    assert len(topics) == plan.subscribers
    assert len({merchant for merchant, _ in topics}) == plan.merchants
    each = plan.subscribers // plan.topics
    assert [topics.count(one) for one in set(topics)] == [each] * plan.topics
    assert set(topics[: plan.topics]) == set(topics)
    assert 0 < plan.disconnects < each


def test_publications_of_a_seed_are_reproducible_and_each_message_is_unique() -> None:
    def first(seed: str) -> list[Frame]:
        frames = publications([TOPIC, OTHER], seed)
        return [next(frames) for _ in range(20)]

    assert first("a") == first("a")
    assert first("a") != first("b")
    assert len({frame["message"] for frame in first("a")}) == 20


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python\0-m\0tools.leash\0ministack\0", "the emulator"),
        (
            "python\0/t/ministack-lambda-OttuWsNotify-local-DefaultFunctionA1-x/_worker.py",
            "default",
        ),
        ("python\0/t/ministack-lambda-floor-ab_c/_worker.py\0", "floor"),
    ],
)
def test_resident_memory_is_listed_by_the_function_of_the_process(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = tmp_path / str(os.getpid())
    process.mkdir()
    (process / "cmdline").write_text(command)
    (process / "statm").write_text("9000 1000 300")
    monkeypatch.setattr(memory, "PROCESSES", tmp_path)
    held = 1000 * os.sysconf("SC_PAGE_SIZE") / 1_000_000
    assert memory.resident(os.getpgrp()) == {name: [held]}
    monkeypatch.setattr(memory, "PROCESSES", tmp_path / "a system without")
    assert memory.resident(os.getpgrp()) == {}
