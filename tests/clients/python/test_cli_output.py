"""What the commands show: durations, signs, text of others, and histograms."""

import io
import sys

import pytest

from ws_notify.cli.histogram import bars, buckets, percentile, summary
from ws_notify.cli.terminal import escape, format_duration, symbol


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0174, "17 ms"),
        (-0.004, "-4 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (3569.0, "59 min"),
        (3599.9, "1.0 h"),
        (7200.0, "2.0 h"),
    ],
)
def test_a_duration_is_formatted_with_its_unit(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_untrusted_text_is_escaped_for_a_terminal() -> None:
    assert escape("a\nb\x1b[2J\u202e\u2066é\U0001f600") == "a\\nb\\x1b[2J\\u202e\\u2066é\U0001f600"


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "✓"), ("ascii", "ok")])
def test_a_symbol_that_cannot_be_encoded_is_replaced(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert symbol("✓", "ok") == shown


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (1, 1.0), (50, 50.0), (90, 90.0), (99, 99.0), (100, 100.0)]
)
def test_a_percentile_is_the_smallest_duration_that_enough_do_not_exceed(
    percent: float, expected: float
) -> None:
    assert percentile([float(each) for each in range(100, 0, -1)], percent) == expected


def test_a_summary_of_no_durations_is_empty() -> None:
    assert set(summary([0.5]).values()) == {0.5}
    assert summary([]) == {}


def test_a_duration_is_counted_in_the_bucket_that_begins_below_it() -> None:
    starts, counts = zip(*buckets([0.01, 0.0199, 0.02, 0.051]), strict=True)
    assert starts == pytest.approx((0.01, 0.02, 0.03, 0.05))
    assert counts == (2, 1, 0, 1)
    assert buckets([0.00001, 1000.0])[0] == (0.0, 1)
    assert buckets([0.00001, 1000.0])[-1] == (70.0, 1)


def test_the_fullest_bucket_has_the_longest_bar_and_the_smallest_is_visible() -> None:
    lines = bars([0.01] * 100 + [0.02], "#")
    assert lines[0] == f"     10 ms  {'#' * 40}  100"
    assert lines[1] == f"     20 ms  {'#':<40}  1"
    assert bars([], "#") == []
