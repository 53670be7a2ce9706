import pytest

from benchmarks.spread import Percentiles, Spread, percentiles, ratio, spread


def test_percentiles_are_interpolated_between_the_samples() -> None:
    assert percentiles(range(101)) == Percentiles(p50=50, p90=90, p99=99, count=101)


def test_a_spread_is_the_median_and_the_quartiles_whatever_the_order() -> None:
    assert spread([5, 1, 4, 2, 3]) == Spread(median=3, low=2, high=4, count=5)


def test_a_ratio_is_taken_pair_by_pair_so_that_what_slows_both_does_not_show() -> None:
    assert ratio([2, 20, 200], [1, 10, 100]).median == pytest.approx(2)
    assert ratio([2, 20, 200], [1, 10, 100]).high == pytest.approx(2)
