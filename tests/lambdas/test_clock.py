"""Points in time, between milliseconds and RFC 3339."""

import time

import pytest

from lambdas.layer.protocol.clock import from_rfc3339, system_clock, to_rfc3339


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    assert to_rfc3339(1_795_426_200_125) == "2026-11-23T09:30:00.125Z"


def test_whole_seconds_are_written_with_milliseconds_too() -> None:
    assert to_rfc3339(1_795_426_200_000) == "2026-11-23T09:30:00.000Z"


def test_times_sort_as_texts_as_they_do_as_numbers() -> None:
    times = [0, 1, 999, 1_000, 1_795_426_199_999, 1_795_426_200_000, 253_402_300_799_999]
    texts = [to_rfc3339(each) for each in times]
    assert texts == sorted(texts)
    assert len({len(text) for text in texts}) == 1


def test_a_time_before_1970_is_written_as_1970() -> None:
    assert to_rfc3339(-1) == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2026-11-23T09:30:00.125Z", 1_795_426_200_125),
        ("2026-11-23T09:30:00Z", 1_795_426_200_000),
        ("2026-11-23T11:30:00+02:00", 1_795_426_200_000),
        ("2026-11-23T04:00:00-05:30", 1_795_426_200_000),
        ("2026-11-24T09:29:00+23:59", 1_795_426_200_000),
        ("2026-11-23T09:30:00.1259999Z", 1_795_426_200_125),
        ("1970-01-01T00:00:00Z", 0),
    ],
)
def test_a_time_is_read_with_any_offset(text: str, milliseconds: int) -> None:
    assert from_rfc3339(text) == milliseconds


def test_a_written_time_is_read_back() -> None:
    assert from_rfc3339(to_rfc3339(1_795_426_200_007)) == 1_795_426_200_007


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-11-23T09:30:00",
        "2026-11-23T24:00:00Z",
        "2026-11-23T09:30:00+05:60",
        "2026-W48-1T09:30:00Z",
        "2026-13-23T09:30:00Z",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
    ],
)
def test_a_text_that_is_not_a_time_of_the_utc_calendar_raises_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_rfc3339(text)


def test_the_system_clock_counts_milliseconds_since_1970() -> None:
    before = time.time() * 1000
    now = system_clock()
    assert before - 1 <= now <= time.time() * 1000
