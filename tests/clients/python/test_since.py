"""`since` of a subscription: the replay begins there, as with the page's."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.clients.python.kit.clients import Connect
from tests.clients.python.kit.frames import notification, subscribed
from tests.clients.python.kit.server import Visit, scripted
from ws_notify.fields import build_since
from ws_notify.testing import AsyncRecorder, Recorder

HALF_PAST = "2026-11-23T09:30:00.125Z"
UTC = timezone(timedelta(0))
ELSEWHERE = timezone(timedelta(hours=5, minutes=30))


def test_the_first_subscribe_of_each_ref_has_it_and_later_ones_the_services_time(
    connect: Connect,
) -> None:
    asked: list[Any] = []

    def serve(visit: Visit) -> None:
        for _ in range(2):
            frame = visit.receive()
            asked.append(frame["since"])
            visit.send(subscribed(frame["ref"], now="2026-11-23T10:00:00.000Z"))
        if visit.number == 1:
            visit.close(1001)
        else:
            visit.send(notification("12303"))
            visit.wait_until_closed()

    with scripted(serve) as server:
        next(iter(connect(server.url).subscribe("shop", "12303", "12304", since=HALF_PAST)))
    assert asked == [HALF_PAST] * 2 + ["2026-11-23T10:00:00.000Z"] * 2


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, None),
        (HALF_PAST, HALF_PAST),
        ("2026-11-23T15:00:00.125999999+05:30", "2026-11-23T15:00:00.125999999+05:30"),
        (datetime(2026, 11, 23, 9, 30, 0, 125_999, UTC), HALF_PAST),
        (datetime(2026, 11, 23, 15, 0, 0, 125_000, ELSEWHERE), HALF_PAST),
        (datetime(9, 1, 1, tzinfo=UTC), "0009-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_sent_as_the_service_takes_it(given: Any, sent: str | None) -> None:
    assert build_since(given) == sent


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "yesterday",
        f"{HALF_PAST}\n",
        "2026-11-23T09:30:00.125",
        "2026-11-23 09:30:00Z",
        "2026-02-30T09:30:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T09:30:00+24:00",
        "0001-01-01T00:00:00+01:00",
        "\ud800",
        datetime(2026, 11, 23, 9, 30),  # noqa: DTZ001 - the case itself
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
        date(2026, 11, 23),
        1_763_890_200,
        True,
    ],
)
def test_what_is_not_a_time_with_an_offset_raises_at_the_call(connect: Connect, wrong: Any) -> None:
    client = connect("ws://127.0.0.1:1/dev")
    for each in (client, Recorder(), AsyncRecorder()):
        with pytest.raises((TypeError, ValueError), match="since must be a time"):
            each.subscribe("shop", "12303", since=wrong)
