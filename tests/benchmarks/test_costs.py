"""The costs of waits: the counts, the arithmetic, and the tables in the documents."""

import math
import re
from collections import Counter
from typing import Any

import pytest

from benchmarks import pace
from benchmarks.bill import bill, cheaper_from, log_bytes, traces
from benchmarks.costs import COMMAND, counted, fixed_costs, pages, prices
from benchmarks.gateway import Counts
from benchmarks.pace import poll_times
from benchmarks.waits import MINUTES, PINGS, Stage
from infra.builds import ROOT
from tests.kit.programs import CLIENT
from tools.page import with_figures

PRICES = prices()


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    return counted()


def test_the_costs_in_the_documents_equal_those_counted_now(stages: list[Stage]) -> None:
    for page, figures in pages(stages, PRICES).items():
        text = page.read_text()
        assert with_figures(text, COMMAND, figures) == text, f"{page.name}: run `{COMMAND}`"


def test_a_wait_with_tokens_over_a_socket_has_the_usage_counted_by_hand(
    stages: list[Stage],
) -> None:
    wait = stages[-1].waits["socket"]
    by_socket = dict.fromkeys(("authorizer", "connect", "disconnect"), 2)
    assert wait.invocations == {**by_socket, "default": 2 + PINGS}
    assert (len(wait.frames), wait.write_units, wait.read_units) == (5 + 2 * PINGS, 7, 4.5)


def test_a_blocked_wait_with_tokens_has_the_usage_counted_by_hand(stages: list[Stage]) -> None:
    blocked, hidden = (stages[-1].waits[kind] for kind in ("blocked", "blocked_hidden"))
    polls = 25 + 11  # every 2.5 s from 5 to 65 s, then every 5 s to 120 s
    # Its token is asked about at 5 and at 65 s, the backend's once.
    assert blocked.invocations == {"authorizer": 2 + 1, "default": polls + 1}
    assert (len(blocked.requests), blocked.preflights, blocked.frames) == (polls + 1, 1, [])
    # A consistent query a poll; of the publish one, and the index at half a unit.
    assert (blocked.write_units, blocked.read_units) == (1, polls + 1.5)
    assert hidden.invocations == {"authorizer": 3 + 1, "default": 3 + 1}


def test_polls_that_bring_nothing_log_only_what_aws_writes(stages: list[Stage]) -> None:
    wait = stages[0].waits["blocked"]
    of_the_access_log = len(wait.requests)
    publish, bringing_one = 2, 2  # a line each, and one with metrics
    assert len(wait.lines) == of_the_access_log + publish + bringing_one


def test_the_pace_that_is_priced_is_that_of_the_pages_module() -> None:
    module = (CLIENT / "src" / "polling.js").read_text()
    found = {
        name: int(text)
        for name, text in re.findall(r"^const (\w+) = ([\d_]+);", module, re.MULTILINE)
    }
    for name in ("FALLBACK_AFTER", "QUIET", "HIDDEN"):
        assert found[name] == getattr(pace, name) * 1000


def test_a_blocked_page_asks_at_its_pace_until_something_is_there() -> None:
    assert poll_times(11) == [5, 7.5, 10, 12.5]
    assert poll_times(75)[-3:] == [65, 70, 75]
    assert poll_times(120, hidden=True) == [5, 65, 125]


def test_a_page_pings_as_often_in_a_wait_as_its_module_does_by_default() -> None:
    (seconds,) = re.findall(
        r"^export const KEEP_ALIVE = (\d+);$",
        (ROOT / "clients/js/src/timing.js").read_text(),
        re.MULTILINE,
    )
    assert PRICES["estimates"]["browser_minutes"] == MINUTES
    assert MINUTES * 60 // int(seconds) == PINGS


COUNTS = Counts(
    invocations=Counter(default=2),
    calls=Counter(default=3),
    connections=2,
    frames=[100, 40_000],
    lines=[1000],
    write_units=4,
    read_units=2.0,
)


def test_a_million_waits_are_priced_as_calculated_by_hand() -> None:
    of = bill(COUNTS, {"default": 2048}, PRICES, 1_000_000)
    # Three messages of 32 KB and two minutes; four more messages, and a begun minute.
    assert of.api_gateway == pytest.approx((3 + 0.5, 7 + 0.75))
    # Two requests; 2 * 5 + 3 * 10 ms of 2 GB.
    assert of.functions == pytest.approx(0.4 + 40_000 * 2 * 0.0000133334)
    assert of.dynamodb == pytest.approx(4 * 0.625 + 2 * 0.125)
    # 1,000 bytes and 26; 141 and 386, and 26 each, twice: 2,184.
    assert log_bytes(COUNTS, PRICES) == 2200
    assert of.logs == pytest.approx(1.1)
    assert of.total(10)[0] == pytest.approx(10 + 3.5 + of.functions + 2.75 + 1.1)


def test_requests_are_priced_by_half_megabytes_and_preflights_only_perhaps() -> None:
    https = Counts(requests=[100, 600_000], preflights=1)
    assert bill(https, {}, PRICES, 1_000_000).api_gateway == pytest.approx((3, 4))


def test_few_invocations_are_all_traced_and_many_once_a_second_and_by_a_twentieth() -> None:
    (few, _), (many, _) = (traces(COUNTS, PRICES, waits) for waits in (100, 10**9))
    assert few == pytest.approx(200 * 5 / 1e6, rel=0.01)
    seconds = 365.25 / 12 * 24 * 3600
    assert many == pytest.approx((seconds + 0.05 * (2e9 - seconds)) * 5 / 1e6)


def test_two_functions_are_traced_between_one_and_two_a_second() -> None:
    both = Counts(invocations=Counter(connect=1, default=1))
    low, high = traces(both, PRICES, 10**7)
    assert low < high < 2 * low


def test_an_alternative_is_cheaper_from_the_number_of_equal_costs() -> None:
    assert cheaper_from(month=60, million=0, fixed=10, our_million=25) == 2
    assert cheaper_from(month=0, million=4, fixed=10, our_million=25) == 0
    assert cheaper_from(month=99, million=26, fixed=10, our_million=25) == math.inf


def test_fixed_costs_are_those_of_the_template_with_three_for_an_alarm_on_three_metrics() -> None:
    stat: dict[str, Any] = {"MetricStat": {}}
    resources = {
        "A": ("CloudWatch::Alarm", {"MetricName": "Errors"}),
        "B": ("CloudWatch::Alarm", {"Metrics": [{"Expression": "a - b - c"}, stat, stat, stat]}),
        "C": ("CloudWatch::Dashboard", {}),
        "D": ("SecretsManager::Secret", {}),
    }
    body = {id_: {"Type": f"AWS::{of}", "Properties": has} for id_, (of, has) in resources.items()}
    stage = Stage("required", body, metrics=2, waits={})
    assert fixed_costs(stage, PRICES) == pytest.approx(0.4 + 3 + 0.6 + 0.4 + 0.04383)
