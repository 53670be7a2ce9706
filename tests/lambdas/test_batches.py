"""Writing many items: what DynamoDB leaves over is sent again, for a while."""

from collections import deque
from itertools import chain
from typing import Any

import pytest

from lambdas.layer.aws import batches
from lambdas.layer.aws.batches import Request, UnwrittenError
from tests.kit.clock import FakeTime


class Leftovers:
    """A client that leaves over, call after call, as many items as it was told."""

    def __init__(self, *left_over: int, forever: int = 0) -> None:
        self.batches: list[list[Request]] = []
        self._left_over = deque(left_over)
        self._forever = forever

    def resolve_credentials(self) -> None:
        pass

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        assert operation == "BatchWriteItem"
        items = parameters["RequestItems"]
        requests = [(table, each) for table, listed in items.items() for each in listed]
        self.batches.append(requests)
        number = self._left_over.popleft() if self._left_over else self._forever
        unprocessed: dict[str, list[Any]] = {}
        for table, request in requests[:number]:
            unprocessed.setdefault(table, []).append(request)
        return {"UnprocessedItems": unprocessed} if unprocessed else {}


def _write(client: Leftovers, requests: list[Request]) -> None:
    batches.write(client, requests)


def _puts(number: int, table: str = "a") -> list[Request]:
    return [(table, {"PutRequest": {"Item": {"key": {"N": str(n)}}}}) for n in range(number)]


def test_writing_nothing_makes_no_call(time: FakeTime) -> None:
    client = Leftovers()
    _write(client, [])
    assert client.batches == []
    assert time.slept == []


def test_two_tables_are_written_in_one_call(time: FakeTime) -> None:
    client = Leftovers()
    _write(client, _puts(1, "a") + _puts(1, "b"))
    assert client.batches == [_puts(1, "a") + _puts(1, "b")]
    assert time.slept == []


def test_a_call_takes_25_items_at_most() -> None:
    client = Leftovers()
    _write(client, _puts(51))
    assert [len(batch) for batch in client.batches] == [25, 25, 1]
    assert list(chain.from_iterable(client.batches)) == _puts(51)


def test_unprocessed_items_are_sent_again_after_growing_pauses(time: FakeTime) -> None:
    client = Leftovers(3, 2, 1)
    _write(client, _puts(5))
    assert client.batches == [_puts(5), _puts(3), _puts(2), _puts(1)]
    assert time.slept == [0.05, 0.1, 0.2]


def test_the_next_items_follow_only_when_nothing_is_left_over(time: FakeTime) -> None:
    client = Leftovers(1)
    _write(client, _puts(26))
    assert [len(batch) for batch in client.batches] == [25, 1, 1]
    assert len(time.slept) == 1


def test_items_left_over_for_three_seconds_are_given_up_with_their_number(time: FakeTime) -> None:
    start = time.monotonic()
    client = Leftovers(5, forever=2)
    with pytest.raises(UnwrittenError, match="2 items") as unwritten:
        _write(client, _puts(5))
    assert unwritten.value.unwritten == 2
    assert time.monotonic() - start <= 3.0
    assert len(client.batches) > 3


class Slow(Leftovers):
    """One that takes its time for each call, too."""

    def __init__(self, time: FakeTime, *left_over: int, forever: int = 0) -> None:
        super().__init__(*left_over, forever=forever)
        self._time = time

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        self._time.advance(0.6)
        return super().call(operation, **parameters)


def test_batches_not_begun_within_five_seconds_are_an_error_with_their_number(
    time: FakeTime,
) -> None:
    start = time.monotonic()
    client = Slow(time)
    with pytest.raises(UnwrittenError, match="1175 items") as unwritten:
        _write(client, _puts(1400))
    assert unwritten.value.unwritten == 1400 - 25 * len(client.batches)
    assert time.monotonic() - start <= 6.0


def test_unprocessed_items_are_not_sent_again_after_five_seconds(time: FakeTime) -> None:
    start = time.monotonic()
    with pytest.raises(UnwrittenError, match="1 items"):
        _write(Slow(time, *[0] * 7, forever=1), _puts(200))
    assert time.monotonic() - start <= 6.0
