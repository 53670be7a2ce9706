import pytest

from benchmarks.figures import (
    PREPARED,
    FanOut,
    Figures,
    Latency,
    Operation,
    PollLatency,
    RowsEffect,
    Start,
    latencies,
    poll_latencies,
    rows_effects,
    times_prepared,
)
from benchmarks.operations import PUBLISH, PUBLISH_STEPS
from benchmarks.plan import MOST, QUICK, SUBSCRIBERS
from benchmarks.polls import FLOOR, NOTHING
from benchmarks.spread import Percentiles, Spread
from benchmarks.targets import Target, judge, same
from tools.machine import Machine

TIMES = Percentiles(p50=1, p90=1, p99=1, count=10)
MACHINE = Machine("0", "2026-11-23", "3.11", 2, "Linux", "MiniStack", 0.0)


def around(median: float) -> Spread:
    return Spread(median=median, low=median * 0.9, high=median * 1.1, count=10)


def start(name: str, times: float, *, compiled: bool = True, unused: tuple[str, ...] = ()) -> Start:
    return Start(name, compiled, "3.13", TIMES, around(times), list(unused))


def figures(  # noqa: PLR0913 - one a target
    *,
    one: float = 2,
    ten: float = 4,
    fifty: float = 1.2,
    rows: float = 1,
    poll: float = 1.2,
    hundred: float = 5,
    default: float = 0.4,
    authorizer: float = 0.55,
    not_compiled: float = 1.5,
    steps: list[list[str]] = PUBLISH_STEPS,
    unused: tuple[str, ...] = (),
) -> Figures:
    return Figures(
        machine=MACHINE,
        plan=QUICK,
        latencies=[
            Latency(QUICK.few_rows, subscribers, TIMES, around(times))
            for subscribers, times in ((1, one), (10, ten), (50, 11))
        ],
        rows_effects=[RowsEffect(count, around(rows)) for count in SUBSCRIBERS],
        times_prepared=around(fifty),
        fan_outs=[FanOut("us", 1, TIMES, around(1)), FanOut("us", 100, TIMES, around(hundred))],
        polls=[PollLatency(FLOOR, TIMES, around(1)), PollLatency(NOTHING, TIMES, around(poll))],
        operations=[Operation(PUBLISH, steps, 1.5, 1)],
        retained=[],
        starts=[
            start("default", default),
            start("default", not_compiled, compiled=False),
            start("disconnect", 0.4),
            start("authorizer", authorizer),
            start("connect", 0.2, unused=unused),
        ],
    )


def missed(judged: list[Target]) -> list[str]:
    return [target.name for target in judged if not target.met]


def test_figures_within_every_limit_miss_no_target() -> None:
    assert missed(judge(figures())) == []


@pytest.mark.parametrize(
    ("bad", "names"),
    [
        (figures(one=2.3), ["publish to 1 subscriber"]),
        (figures(ten=4.6), ["publish to 10 subscribers"]),
        (figures(fifty=1.26), ["publish to 50 subscribers"]),
        (figures(poll=1.6), ["poll of a ref without notifications"]),
        (figures(hundred=6.1), ["100 posts that take 10 ms each"]),
        (figures(default=0.51), ["importing default"]),
        (figures(authorizer=0.61), ["importing authorizer"]),
        (figures(unused=("boto3",)), ["imports that a function has no use for"]),
        (figures(steps=[["Query"]]), ["calls of one publish to 1 subscriber"]),
    ],
)
def test_each_limit_is_judged_by_itself(bad: Figures, names: list[str]) -> None:
    assert missed(judge(bad)) == names


def test_imports_without_bytecode_are_reported_and_not_judged() -> None:
    assert missed(judge(figures(not_compiled=9.0))) == []


def test_more_rows_are_the_same_where_the_spread_reaches_down_to_one() -> None:
    assert same(Spread(median=1.05, low=0.99, high=1.2, count=10))
    assert same(Spread(median=0.8, low=0.7, high=0.9, count=10))
    assert not same(Spread(median=1.2, low=1.1, high=1.3, count=10))


def test_latencies_are_multiples_of_the_floor_beside_as_many_rows() -> None:
    samples = {
        (QUICK.few_rows, 0): [[1.0, 1.0], [2.0, 2.0]],
        (QUICK.few_rows, 1): [[3.0, 3.0], [6.0, 6.0]],
        (QUICK.many_rows, 0): [[10.0, 10.0], [10.0, 10.0]],
        (QUICK.many_rows, 1): [[20.0, 20.0], [20.0, 20.0]],
    }
    summary = {(one.rows, one.subscribers): one.times_floor.median for one in latencies(samples)}
    assert summary[QUICK.few_rows, 1] == pytest.approx(3)
    assert summary[QUICK.many_rows, 1] == pytest.approx(2)


def test_polls_are_multiples_of_the_floor_round_by_round() -> None:
    samples = {FLOOR: [[1.0, 1.0], [2.0, 2.0]], NOTHING: [[2.0, 2.0], [4.0, 4.0]]}
    floor, nothing = poll_latencies(samples)
    assert (floor.asking, nothing.asking) == (FLOOR, NOTHING)
    assert (floor.times_floor.median, nothing.times_floor.median) == (1, 2)
    assert nothing.milliseconds.count == 4


def test_the_effect_of_rows_compares_round_by_round() -> None:
    samples = {
        (rows, count): [[times, times], [times * 2, times * 2]]
        for count in SUBSCRIBERS
        for rows, times in ((QUICK.few_rows, 2.0), (QUICK.many_rows, 3.0))
    }
    effects = rows_effects(samples, QUICK)
    assert [one.subscribers for one in effects] == list(SUBSCRIBERS)
    assert all(one.ratio.median == pytest.approx(1.5) for one in effects)


def test_a_publish_to_most_is_compared_with_its_own_requests_round_by_round() -> None:
    samples = {
        (QUICK.few_rows, MOST): [[12.0, 12.0], [24.0, 24.0]],
        (QUICK.few_rows, PREPARED): [[10.0, 10.0], [20.0, 20.0]],
    }
    assert times_prepared(samples, QUICK).median == pytest.approx(1.2)
