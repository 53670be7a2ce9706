"""A poll: which notifications it brings, and what it reads."""

import json
from typing import Any

import pytest

from lambdas.layer import polling
from lambdas.layer.auth.principal import Identity
from lambdas.layer.handler import Caller, Handler
from lambdas.layer.items import StoredNotification
from lambdas.layer.protocol.clock import from_rfc3339, to_rfc3339
from lambdas.layer.protocol.frames import Poll
from lambdas.layer.storage import Storage
from tests.kit.clock import FakeClock
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import FakeDynamoDb, Journal, JournaledDynamoDb
from tests.kit.frames import NOTIFICATION, NOW, TOPIC
from tests.lambdas.frames_sent import publish_notification


def _poll(handler: Handler, since: int | None = None, principal: Any = None) -> dict[str, Any]:
    caller = Caller(None, "r9", connected_at=None, principal=principal)
    reply = handler.answer(lambda: Poll(TOPIC, since), caller)
    assert reply is not None
    return reply


def test_a_poll_brings_notifications_as_a_subscriber_gets_them(
    handler: Handler, api: FakeConnections
) -> None:
    publish_notification(handler)
    answer = _poll(handler)
    poll_after = answer.pop("poll_after")
    assert answer == {
        "client": "server",
        "type": "notifications",
        "merchant_id": "merchant_id",
        "ref": "12303",
        "notifications": [NOTIFICATION],
        "more": False,
        "now": NOW,
    }
    assert isinstance(poll_after, int)
    assert api.posts == []


def test_the_pace_differs_from_answer_to_answer_within_its_bounds(handler: Handler) -> None:
    paces = {_poll(handler)["poll_after"] for _ in range(100)}
    assert len(paces) > 10
    assert min(paces) >= 2_000
    assert max(paces) <= 3_000


def test_a_poll_reads_the_ledger_alone_and_consistently_and_writes_nothing(
    handler: Handler, dynamo: JournaledDynamoDb, journal: Journal, tables: FakeDynamoDb
) -> None:
    publish_notification(handler)
    before = tables.entries()
    journal.clear()
    _poll(handler)
    assert len(journal) == 1
    (query,) = dynamo.asked("query notifications")[-1:]
    assert query["ConsistentRead"] is True
    assert tables.entries() == before
    assert tables.subscriptions() == []


@pytest.mark.parametrize("left_out", [0, 1, 30])
def test_the_newest_100_come_the_oldest_first_and_more_says_whether_older_ones_are_left_out(
    left_out: int, handler: Handler, storage: Storage, clock: FakeClock
) -> None:
    for n in range(100 + left_out):
        sent_at = to_rfc3339(clock() + n)
        storage.put_notification(TOPIC, StoredNotification(f"{n:03d}", f'{{"n":{n}}}', sent_at))
    answer = _poll(handler)
    assert [one["n"] for one in answer["notifications"]] == list(range(left_out, 100 + left_out))
    assert answer["more"] is (left_out > 0)


def test_of_more_than_2_mib_the_newest_come_and_none_is_cut(
    handler: Handler, storage: Storage, clock: FakeClock
) -> None:
    text = json.dumps({"message": "x" + "é" * ((128 * 1024 - 16) // 2)}, ensure_ascii=False)
    assert len(text.encode()) == 128 * 1024
    for n in range(16):
        sent_at = to_rfc3339(clock() + n)
        storage.put_notification(TOPIC, StoredNotification(f"{n:03d}", text, sent_at))
    answer = _poll(handler)
    assert (len(answer["notifications"]), answer["more"]) == (16, False)
    clock.advance(seconds=1)
    storage.put_notification(TOPIC, StoredNotification("x", '{"n":1}', to_rfc3339(clock())))
    answer = _poll(handler)
    assert (len(answer["notifications"]), answer["more"]) == (16, True)
    assert answer["notifications"][-1] == {"n": 1}


def test_the_largest_answer_fits_into_what_lambda_answers() -> None:
    text = json.dumps({"message": '"\\' * (32 * 1024 - 8)}, separators=(",", ":"))
    found = [StoredNotification(str(n), text, NOW) for n in range(101)]
    body = json.dumps(polling.answer(TOPIC, found, 0, 100), separators=(",", ":"))
    assert 2_000_000 < len(body) < 2.1 * 1024 * 1024
    assert len(json.dumps({"statusCode": 200, "body": body})) < 6 * 1000 * 1000


def test_since_limits_a_poll_with_ten_seconds_of_overlap(
    handler: Handler, clock: FakeClock
) -> None:
    for id_ in ("0", "1", "2"):
        publish_notification(handler, id=id_)
        clock.advance(seconds=5)
    second = clock.now - 10_000
    assert [one["id"] for one in _poll(handler, second)["notifications"]] == ["0", "1", "2"]
    assert [one["id"] for one in _poll(handler, second + 5_000)["notifications"]] == ["1", "2"]
    assert _poll(handler, second + 60_000)["notifications"] == []


def test_now_is_taken_before_the_ledger_is_read(
    handler: Handler, dynamo: JournaledDynamoDb, clock: FakeClock
) -> None:
    def slow(call: Any) -> Any:
        clock.advance(seconds=3)
        return call()

    before = clock()
    dynamo.detour("query notifications", slow)
    assert from_rfc3339(_poll(handler)["now"]) == before


def test_a_token_that_ends_while_the_ledger_is_read_brings_nothing(
    handler: Handler, dynamo: JournaledDynamoDb, clock: FakeClock
) -> None:
    def slow(call: Any) -> Any:
        clock.advance(seconds=3)
        return call()

    publish_notification(handler)
    refs = frozenset({"12303"})
    identity = Identity("frontend", "merchant_id", refs, expires_at_ms=clock() + 2_000)
    dynamo.detour("query notifications", slow)
    answer = _poll(handler, principal=identity)
    assert (answer["code"], answer["field"]) == ("forbidden", "exp")
