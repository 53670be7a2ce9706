"""What each frame does, and what its sender is told: the layer over moto and a fake API."""

import json
import logging
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

from lambdas.layer.batches import UnwrittenError
from lambdas.layer.clock import to_rfc3339
from lambdas.layer.handler import MAX_NOTIFICATION, Handler
from lambdas.layer.items import Said
from lambdas.layer.storage import Storage
from tests.fakes import FakeApi, FakeClock, Journal, TappedDynamo
from tests.lambdas.examples import PUBLISH, TOPIC, publish, subscribe, unsubscribe
from tests.lambdas.tables import RETENTION, Tables

NOW = "2026-11-23T09:30:00.000Z"
TWO_HOURS_LATER = "2026-11-23T11:30:00.000Z"
NOTIFICATION = {**PUBLISH, "id": "r1", "sent_at": NOW}


def _do(handler: Handler, connection_id: str | None, text: str, **known: Any) -> dict[str, Any]:
    """Handle a frame that has an answer."""
    reply = handler.handle(connection_id, text, **{"request_id": "r1", **known})
    assert reply is not None
    json.dumps(reply).encode()
    return reply


def _subscribe(handler: Handler, *connection_ids: str, **changes: Any) -> None:
    for connection_id in connection_ids:
        assert _do(handler, connection_id, subscribe(**changes))["type"] == "subscribed"


def _publish(handler: Handler, **changes: Any) -> dict[str, Any]:
    receipt = _do(handler, "backend", publish(**changes))
    assert receipt["type"] == "receipt"
    return receipt


def _subscribed(tables: Tables) -> set[str]:
    return {row["connection_id"]["S"] for row in tables.subscriptions()}


# -- every frame and its reply


def test_a_ping_is_answered_with_a_pong_and_touches_nothing(
    handler: Handler, journal: Journal
) -> None:
    assert _do(handler, "c1", '{"action":"ping"}') == {"client": "server", "type": "pong"}
    assert journal == []


def test_a_subscribe_is_answered_field_by_field(handler: Handler) -> None:
    assert _do(handler, "c1", subscribe()) == {
        "client": "server",
        "type": "subscribed",
        "merchant_id": "merchant_id",
        "ref": "12303",
        "replayed": 0,
        "now": NOW,
        "expires_at": TWO_HOURS_LATER,
    }


def test_a_connection_is_served_for_two_hours_after_it_opened(
    handler: Handler, clock: FakeClock
) -> None:
    reply = _do(handler, "c1", subscribe(), connected_at=clock() - 3_599_500)
    assert reply["now"] == NOW
    assert reply["expires_at"] == "2026-11-23T10:30:00.500Z"


def test_a_publish_is_answered_field_by_field(handler: Handler) -> None:
    _subscribe(handler, "c1", "c2")
    assert _do(handler, "backend", publish()) == {
        "client": "server",
        "type": "receipt",
        "id": "r1",
        "merchant_id": "merchant_id",
        "ref": "12303",
        "sent_at": NOW,
        "accepted": 2,
        "gone": 0,
        "failed": 0,
        "duplicate": False,
    }


def test_an_unsubscribe_is_answered_field_by_field(handler: Handler) -> None:
    _subscribe(handler, "c1")
    assert _do(handler, "c1", unsubscribe()) == {
        "client": "server",
        "type": "unsubscribed",
        "merchant_id": "merchant_id",
        "ref": "12303",
    }


def test_a_refusal_is_answered_field_by_field(handler: Handler) -> None:
    reply = _do(handler, "c1", publish(status="maybe"))
    assert reply == {
        "client": "server",
        "type": "error",
        "code": "invalid_message",
        "field": "status",
        "message": "status must be `done` or `failed`",
        "retryable": False,
        "request_id": "r1",
    }


def test_a_ref_comes_back_as_it_was_sent(handler: Handler, api: FakeApi) -> None:
    assert _do(handler, "c1", subscribe(ref=12303))["ref"] == 12303
    assert _do(handler, "c2", subscribe(ref="12303"))["ref"] == "12303"
    assert _do(handler, "backend", publish(ref=12303))["ref"] == 12303
    assert [api.received(each)[0]["ref"] for each in ("c1", "c2")] == [12303, 12303]
    assert _do(handler, "c1", unsubscribe(ref=12303))["ref"] == 12303


# -- what is delivered, and to whom


def test_a_notification_is_the_published_object_with_id_and_sent_at(
    handler: Handler, api: FakeApi
) -> None:
    _subscribe(handler, "c1")
    _publish(handler)
    assert api.received("c1") == [NOTIFICATION]


def test_a_publisher_may_name_the_id_but_never_the_time(handler: Handler, api: FakeApi) -> None:
    _subscribe(handler, "c1")
    receipt = _publish(handler, id="order 7", sent_at={"any": "thing"})
    assert receipt["id"] == "order 7"
    assert receipt["sent_at"] == NOW
    assert api.received("c1") == [{**NOTIFICATION, "id": "order 7"}]


def test_without_an_id_each_request_says_something_of_its_own(
    handler: Handler, api: FakeApi
) -> None:
    _subscribe(handler, "c1")
    for _ in range(2):
        reply = handler.handle("backend", publish())
        assert reply is not None
        assert reply["duplicate"] is False
    first, second = api.received("c1")
    assert first["id"] != second["id"]


def test_two_merchants_with_the_same_ref_hear_nothing_of_each_other(
    handler: Handler, api: FakeApi
) -> None:
    _subscribe(handler, "c1")
    _subscribe(handler, "c2", merchant_id="another")
    assert _publish(handler)["accepted"] == 1
    assert api.received("c2") == []
    assert _do(handler, "c3", subscribe(merchant_id="another"))["replayed"] == 0


def test_a_ref_that_looks_like_anothers_key_is_its_own(handler: Handler, api: FakeApi) -> None:
    _subscribe(handler, "c1", merchant_id="a", ref="b#c")
    assert _publish(handler, merchant_id="a", ref="b")["accepted"] == 0
    assert _publish(handler, merchant_id="a", ref="b#c")["accepted"] == 1
    assert len(api.received("c1")) == 1


def test_a_connection_may_wait_for_several_refs(handler: Handler, api: FakeApi) -> None:
    for ref in ("1", "2", "3"):
        _subscribe(handler, "c1", ref=ref)
    _do(handler, "c1", unsubscribe(ref="2"))
    for ref in ("1", "2", "3"):
        _publish(handler, ref=ref, id=ref)
    assert [frame["ref"] for frame in api.received("c1")] == ["1", "3"]


def test_subscribing_twice_is_harmless_and_replays_again(
    handler: Handler, api: FakeApi, tables: Tables
) -> None:
    _subscribe(handler, "c1")
    _publish(handler)
    assert _do(handler, "c1", subscribe())["replayed"] == 1
    assert api.received("c1") == [NOTIFICATION, NOTIFICATION]
    assert len(tables.subscriptions()) == 1


def test_subscribing_again_refreshes_the_subscription(
    handler: Handler, clock: FakeClock, tables: Tables
) -> None:
    _subscribe(handler, "c1")
    (before,) = tables.subscriptions()
    clock.advance(seconds=600)
    _subscribe(handler, "c1")
    (after,) = tables.subscriptions()
    assert int(after["expires_at"]["N"]) - int(before["expires_at"]["N"]) == 600


def test_unsubscribing_from_what_was_never_subscribed_is_no_error(handler: Handler) -> None:
    assert _do(handler, "c1", unsubscribe())["type"] == "unsubscribed"


def test_after_an_unsubscribe_nothing_comes_any_more(
    handler: Handler, api: FakeApi, tables: Tables
) -> None:
    _subscribe(handler, "c1", "c2")
    _do(handler, "c1", unsubscribe())
    assert _publish(handler)["accepted"] == 1
    assert api.received("c1") == []
    assert [line["line"]["S"] for line in tables.lines("joined")] == ["joined#c2"]


def test_sixty_subscribers_all_get_theirs(handler: Handler, api: FakeApi) -> None:
    connection_ids = [f"c{n}" for n in range(60)]
    _subscribe(handler, *connection_ids)
    assert _publish(handler)["accepted"] == 60
    assert all(api.received(each) == [NOTIFICATION] for each in connection_ids)


def test_the_receipt_counts_the_dead_and_the_failing(
    handler: Handler, api: FakeApi, tables: Tables
) -> None:
    _subscribe(handler, "living", "dead", "failing")
    api.script("dead", 410)
    api.script("failing", 403)
    receipt = _publish(handler)
    assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (1, 1, 1)
    assert _subscribed(tables) == {"living", "failing"}
    assert _publish(handler, id="next")["gone"] == 0


def test_who_missed_a_failed_post_gets_it_at_the_next_subscribe(
    handler: Handler, api: FakeApi
) -> None:
    _subscribe(handler, "c1")
    api.script("c1", 403, 200)
    assert _publish(handler)["failed"] == 1
    assert _do(handler, "c1", subscribe())["replayed"] == 1
    assert api.received("c1") == [NOTIFICATION]


def test_a_publisher_that_is_subscribed_itself_hears_itself(handler: Handler, api: FakeApi) -> None:
    _subscribe(handler, "backend")
    assert _publish(handler)["accepted"] == 1
    assert api.received("backend") == [NOTIFICATION]


WEIRD = {
    "small": 1e-7,
    "large": 2**53 + 1,
    "huge": 10**300,
    "one": 1.0,
    "nested": {"a": [None, True, {"b": ""}]},
    "é💳\u2028": "\x00\x1f\u0000",
    "": [],
    "since": "never",
    "__proto__": {"x": 1},
}


def test_unknown_fields_are_passed_on_untouched(handler: Handler, api: FakeApi) -> None:
    _subscribe(handler, "c1")
    _publish(handler, **WEIRD)
    (frame,) = api.received("c1")
    assert frame == {**NOTIFICATION, **WEIRD}
    assert isinstance(frame["one"], float)
    _do(handler, "c2", subscribe())
    assert api.received("c2") == [frame]


SAID = {*PUBLISH, "id", "sent_at", "action"}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(fields=st.dictionaries(st.text().filter(lambda name: name not in SAID), JSON, max_size=5))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_unknown_fields_come_out_as_they_were_sent(
    fields: dict[str, Any], handler: Handler, api: FakeApi
) -> None:
    _subscribe(handler, "c1", since="9999-12-31T00:00:00Z")  # no replay of earlier examples
    api.posts.clear()
    assert handler.handle("backend", publish(**fields)) is not None
    (frame,) = api.received("c1")
    sent = {name: frame[name] for name in frame if name not in {"id", "sent_at"}}
    assert json.dumps(sent, sort_keys=True) == json.dumps({**PUBLISH, **fields}, sort_keys=True)


# -- the size


def _delivered_with(handler: Handler, api: FakeApi, message: str) -> dict[str, Any]:
    reply = handler.handle("backend", publish(message=message), request_id="r1")
    assert reply is not None
    if reply["type"] == "receipt":
        assert api.posts[-1].frame["message"] == message
    return reply


def test_exactly_128_kib_as_delivered_is_accepted_and_a_byte_more_refused(
    handler: Handler, api: FakeApi, tables: Tables
) -> None:
    _subscribe(handler, "c1")
    _delivered_with(handler, api, "")
    room = 128 * 1024 - len(api.posts[-1].text.encode())
    api.posts.clear()

    reply = handler.handle("backend", publish(message="m" * (room + 1)), request_id="r2")
    assert reply is not None
    assert reply["code"] == "too_large"
    assert reply["retryable"] is False
    assert "131073" in reply["message"]
    assert "131072" in reply["message"]
    assert api.posts == []
    assert len(tables.lines("said")) == 1

    reply = handler.handle("backend", publish(message="m" * room), request_id="r3")
    assert reply is not None
    assert reply["type"] == "receipt"
    assert len(api.posts[-1].text.encode()) == MAX_NOTIFICATION == 131_072


def test_the_size_is_measured_in_bytes_and_not_in_characters(
    handler: Handler, api: FakeApi
) -> None:
    _subscribe(handler, "c1")
    assert _delivered_with(handler, api, "💳" * 32_000)["type"] == "receipt"
    assert _delivered_with(handler, api, "💳" * 32_768)["code"] == "too_large"
    assert _delivered_with(handler, api, "é" * 65_536)["code"] == "too_large"


def test_what_is_escaped_on_its_way_in_is_measured_as_it_goes_out(
    handler: Handler, api: FakeApi
) -> None:
    _subscribe(handler, "c1")
    text = json.dumps({**PUBLISH, "message": "é" * 60_000})
    assert len(text) > 300_000
    reply = _do(handler, "backend", text)
    assert reply["type"] == "receipt"
    assert len(api.posts[-1].text.encode()) < 128 * 1024


def test_127_kib_are_accepted(handler: Handler, api: FakeApi) -> None:
    _subscribe(handler, "c1")
    text = publish(message="m" * (127 * 1024 - len(publish(message=""))))
    assert len(text) == 127 * 1024
    assert _do(handler, "backend", text)["accepted"] == 1
    assert _do(handler, "c2", subscribe())["replayed"] == 1
    assert api.received("c2") == api.received("c1")


# -- nothing lost: the order of steps, and who is found


def test_a_publish_says_first_and_then_looks_who_listens(
    handler: Handler, journal: Journal
) -> None:
    _subscribe(handler, "c1")
    journal.clear()
    _publish(handler)
    assert journal[0] == "put said"
    assert sorted(journal[1:3]) == ["query index", "query joined"]
    assert journal[3:] == ["post c1"]


def test_a_subscribe_writes_first_and_then_reads_what_was_said(
    handler: Handler, journal: Journal
) -> None:
    _publish(handler)
    journal.clear()
    _subscribe(handler, "c1")
    assert journal == ["write", "query said", "post c1"]


def test_both_sides_read_the_ledger_consistently_and_write_one_partition(
    handler: Handler, dynamo: TappedDynamo, tables: Tables
) -> None:
    _subscribe(handler, "c1")
    _publish(handler)
    for step in ("query said", "query joined"):
        (query,) = dynamo.asked(step)
        assert query["ConsistentRead"] is True, step
        assert query["TableName"] == tables.ledger
        assert "IndexName" not in query
    # An index refuses a consistent read.
    assert "ConsistentRead" not in dynamo.asked("query index")[0]
    assert {line["merchant_id#ref"]["S"] for line in tables.lines()} == {"merchant_id#12303"}


def test_who_joined_lately_is_found_while_the_index_lags(
    handler: Handler, api: FakeApi, dynamo: TappedDynamo
) -> None:
    dynamo.lag()
    _subscribe(handler, "c1", "c2")
    assert _publish(handler)["accepted"] == 2
    assert api.received("c1") == [NOTIFICATION]


def test_who_joined_lately_is_found_for_five_minutes(
    handler: Handler, clock: FakeClock, dynamo: TappedDynamo
) -> None:
    dynamo.lag()
    _subscribe(handler, "c1")
    clock.advance(seconds=299)
    assert _publish(handler, id="1")["accepted"] == 1
    clock.advance(seconds=1)
    assert _publish(handler, id="2")["accepted"] == 0


def test_who_joined_long_ago_is_found_through_the_index(
    handler: Handler, clock: FakeClock, api: FakeApi
) -> None:
    _subscribe(handler, "c1")
    clock.advance(seconds=3600)
    assert _publish(handler)["accepted"] == 1
    assert len(api.received("c1")) == 1


def test_who_is_found_both_ways_is_posted_to_once(handler: Handler, api: FakeApi) -> None:
    _subscribe(handler, "c1")
    _publish(handler)
    assert len(api.posts) == 1


def test_a_subscription_that_has_expired_is_never_posted_to(
    handler: Handler, clock: FakeClock, api: FakeApi, tables: Tables
) -> None:
    _subscribe(handler, "c1")
    clock.advance(seconds=2 * 3600 + 300)
    assert _publish(handler)["accepted"] == 0
    assert api.posts == []
    assert len(tables.subscriptions()) == 1  # still there: DynamoDB deletes late


def test_a_line_of_one_whose_connection_ends_sooner_ends_with_it(
    handler: Handler, clock: FakeClock, dynamo: TappedDynamo
) -> None:
    dynamo.lag()
    almost_over = clock() - (2 * 3600 + 240) * 1000
    assert _do(handler, "c1", subscribe(), connected_at=almost_over)["type"] == "subscribed"
    clock.advance(seconds=59)
    assert _publish(handler, id="1")["accepted"] == 1
    clock.advance(seconds=1)
    assert _publish(handler, id="2")["accepted"] == 0


# -- replay


def test_who_comes_late_gets_what_was_said_as_ordinary_frames(
    handler: Handler, api: FakeApi
) -> None:
    _publish(handler)
    assert _do(handler, "c1", subscribe())["replayed"] == 1
    assert api.received("c1") == [NOTIFICATION]


def test_a_replay_is_in_the_order_of_sent_at(
    handler: Handler, api: FakeApi, clock: FakeClock
) -> None:
    for id_ in ("z", "m", "a"):
        _publish(handler, id=id_)
        clock.advance(seconds=0.001)
    _subscribe(handler, "c1")
    assert [frame["id"] for frame in api.received("c1")] == ["z", "m", "a"]


def test_of_130_the_newest_100_are_replayed_the_oldest_first(
    handler: Handler, storage: Storage, api: FakeApi, clock: FakeClock
) -> None:
    for n in range(130):
        storage.say(TOPIC, Said(f"{n * 7919 % 130}", f'{{"n":{n}}}', to_rfc3339(clock() + n)))
    assert _do(handler, "c1", subscribe())["replayed"] == 100
    assert [frame["n"] for frame in api.received("c1")] == list(range(30, 130))


def test_what_was_said_is_kept_for_the_retention_and_no_longer(
    handler: Handler, clock: FakeClock, tables: Tables
) -> None:
    _publish(handler)
    clock.advance(seconds=RETENTION - 1)
    assert _do(handler, "c1", subscribe())["replayed"] == 1
    clock.advance(seconds=1)
    assert _do(handler, "c1", subscribe())["replayed"] == 0
    assert len(tables.lines("said")) == 1  # still there: DynamoDB deletes late


def test_since_limits_the_replay_with_ten_seconds_of_overlap(
    handler: Handler, api: FakeApi, clock: FakeClock
) -> None:
    for n in range(40):
        _publish(handler, id=str(n), n=n)
        clock.advance(seconds=1)
    reply = _do(handler, "c1", subscribe(since="2026-11-23T09:30:30.000Z"))
    assert [frame["n"] for frame in api.received("c1")] == list(range(21, 40))
    assert reply["replayed"] == 19


def test_the_now_of_a_subscribe_serves_as_its_next_since(
    handler: Handler, api: FakeApi, clock: FakeClock
) -> None:
    _publish(handler, id="long ago")
    clock.advance(seconds=60)
    now = _do(handler, "c1", subscribe())["now"]
    clock.advance(seconds=5)
    _publish(handler, id="missed", type="while away")
    api.posts.clear()
    assert _do(handler, "c2", subscribe(since=now))["replayed"] == 1
    assert [frame["id"] for frame in api.received("c2")] == ["missed"]


def test_now_is_taken_before_anything_is_read(
    handler: Handler, clock: FakeClock, dynamo: TappedDynamo
) -> None:
    def slow(call: Any) -> Any:
        clock.advance(seconds=2)
        return call()

    dynamo.detour("write", slow)
    dynamo.detour("query said", slow)
    assert _do(handler, "c1", subscribe())["now"] == NOW


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:05Z"])
def test_a_since_of_long_ago_replays_all(since: str, handler: Handler) -> None:
    _publish(handler)
    assert _do(handler, "c1", subscribe(since=since))["replayed"] == 1


def test_a_since_of_the_far_future_replays_nothing(handler: Handler) -> None:
    _publish(handler)
    reply = _do(handler, "c1", subscribe(since="9999-12-31T23:59:59.999999Z"))
    assert reply["replayed"] == 0


def test_every_page_of_every_query_is_read(
    handler: Handler, api: FakeApi, tables: Tables, dynamo: TappedDynamo
) -> None:
    _subscribe(handler, "c1", "c2", "c3")
    for id_ in ("1", "2", "3"):
        _publish(handler, id=id_)

    def page_by_page(step: str) -> None:
        def smaller(_call: Any) -> Any:
            return tables.client.query(**dynamo.asked(step)[-1], Limit=1)

        dynamo.detour(step, smaller)

    for step in ("query index", "query joined", "query said"):
        page_by_page(step)
    api.posts.clear()
    assert _publish(handler, id="4")["accepted"] == 3
    assert _do(handler, "c4", subscribe())["replayed"] == 4
    assert all(len(dynamo.asked(step)) > 3 for step in ("query index", "query joined"))
    dynamo.lag()
    assert _publish(handler, id="5")["accepted"] == 4


def test_a_replay_to_a_dead_connection_forgets_it_and_answers_nobody(
    handler: Handler, api: FakeApi, tables: Tables
) -> None:
    _publish(handler, id="1")
    _publish(handler, id="2")
    api.script("c1", 410)
    assert handler.handle("c1", subscribe()) is None
    assert len(api.posts) == 1
    assert tables.subscriptions() == []
    assert tables.lines("joined") == []


def test_a_replay_that_breaks_off_is_not_called_subscribed(
    handler: Handler, api: FakeApi, tables: Tables
) -> None:
    for id_ in ("1", "2", "3"):
        _publish(handler, id=id_)
    api.script("c1", 200, 403, 200)
    reply = _do(handler, "c1", subscribe())
    assert (reply["code"], reply["retryable"]) == ("internal_error", True)
    assert len(api.posts) == 2
    assert _subscribed(tables) == {"c1"}
    # Sent again, as the error says, it gets everything.
    assert _do(handler, "c1", subscribe())["replayed"] == 3


# -- the same id again


def test_the_same_id_with_the_same_content_is_stored_once_and_posted_again(
    handler: Handler, api: FakeApi, clock: FakeClock, tables: Tables
) -> None:
    _subscribe(handler, "c1")
    first = _publish(handler, id="order 7")
    clock.advance(seconds=30)
    second = _publish(handler, id="order 7")
    assert second == {**first, "duplicate": True}
    assert second["sent_at"] == NOW
    assert api.received("c1") == [{**NOTIFICATION, "id": "order 7"}] * 2
    assert len(tables.lines("said")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"message": "another"},
        {"n": 1.0},
        {"n": True},
        {"n": "1"},
        {"n": None},
        {"extra": None},
        {"ref": 12303},
    ],
)
def test_the_same_id_with_other_content_is_refused_and_changes_nothing(
    changes: dict[str, Any], handler: Handler, api: FakeApi, tables: Tables
) -> None:
    _subscribe(handler, "c1")
    _publish(handler, id="order 7", n=1)
    before = (tables.lines(), list(api.posts))
    reply = _do(handler, "backend", publish(**{"id": "order 7", "n": 1, **changes}))
    assert (reply["code"], reply["field"]) == ("invalid_message", "id")
    assert reply["retryable"] is False
    assert (tables.lines(), api.posts) == before


def test_the_order_of_fields_and_a_sent_at_are_no_other_content(handler: Handler) -> None:
    _publish(handler, id="order 7", a={"x": 1, "y": 2})
    turned = {"a": {"y": 2, "x": 1}, "sent_at": "whenever", "id": "order 7"}
    fields = dict(reversed(PUBLISH.items()))
    reply = _do(handler, "backend", json.dumps({**turned, **fields}, indent=2))
    assert reply["duplicate"] is True


def test_the_same_id_of_another_ref_is_another(handler: Handler) -> None:
    _publish(handler, id="order 7")
    receipt = _publish(handler, id="order 7", ref="other", message="another")
    assert receipt["duplicate"] is False


def test_an_expired_line_counts_as_absent(
    handler: Handler, clock: FakeClock, tables: Tables
) -> None:
    _publish(handler, id="order 7")
    clock.advance(seconds=RETENTION)
    receipt = _publish(handler, id="order 7", message="another")
    assert receipt["duplicate"] is False
    assert receipt["sent_at"] == "2026-11-23T10:30:00.000Z"
    (line,) = tables.lines("said")
    assert "another" in line["notification"]["S"]


def test_an_id_is_remembered_to_the_end_of_the_retention(
    handler: Handler, clock: FakeClock
) -> None:
    _publish(handler, id="order 7")
    clock.advance(seconds=RETENTION - 1)
    assert _publish(handler, id="order 7")["duplicate"] is True


def test_a_publisher_that_died_between_storing_and_posting_delivers_by_its_retry(
    handler: Handler, api: FakeApi, clock: FakeClock, dynamo: TappedDynamo
) -> None:
    _subscribe(handler, "c1")
    dynamo.fail("query index", EndpointConnectionError(endpoint_url="https://dynamodb"))
    assert _do(handler, "backend", publish(id="order 7"))["code"] == "internal_error"
    assert api.posts == []
    dynamo.mend()
    clock.advance(seconds=3)
    receipt = _publish(handler, id="order 7")
    assert (receipt["duplicate"], receipt["accepted"], receipt["sent_at"]) == (True, 1, NOW)
    assert api.received("c1") == [{**NOTIFICATION, "id": "order 7"}]


def test_a_put_whose_answer_was_lost_finds_itself_and_is_no_duplicate(
    handler: Handler, api: FakeApi, dynamo: TappedDynamo
) -> None:
    def answered_at_the_second_try(call: Any) -> Any:
        call()
        return call()

    _subscribe(handler, "c1")
    dynamo.detour("put said", answered_at_the_second_try)
    receipt = _publish(handler, id="order 7")
    assert (receipt["duplicate"], receipt["accepted"]) == (False, 1)
    assert len(api.received("c1")) == 1


# -- when AWS fails

INTERNALS = "arn:aws:dynamodb:eu-west-1:123456789012:table/secret"
FAILURES = [
    ClientError({"Error": {"Code": "ThrottlingException", "Message": INTERNALS}}, "Any"),
    EndpointConnectionError(endpoint_url=INTERNALS),
    UnwrittenError(2),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize(
    "failing",
    [
        (subscribe(), "write"),
        (subscribe(), "query said"),
        (publish(), "put said"),
        (publish(), "query index"),
        (publish(), "query joined"),
        (unsubscribe(), "write"),
    ],
    ids=lambda failing: failing[1],
)
def test_a_failing_call_is_an_internal_error_logged_once_with_its_cause(
    failing: tuple[str, str],
    failure: Exception,
    handler: Handler,
    dynamo: TappedDynamo,
    caplog: pytest.LogCaptureFixture,
) -> None:
    text, step = failing
    dynamo.fail(step, failure)
    reply = _do(handler, "c1", text)
    assert reply == {
        "client": "server",
        "type": "error",
        "code": "internal_error",
        "message": "this is our fault; send the same frame again",
        "retryable": True,
        "request_id": "r1",
    }
    assert not [step for step in dynamo.journal if step.startswith("post")]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert vars(record)["request_id"] == "r1"
    assert record.exc_info is not None
    assert record.exc_info[1] is failure


def test_a_refusal_logs_nothing_and_touches_nothing(
    handler: Handler, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    assert _do(handler, "c1", "no json")["code"] == "invalid_json"
    assert journal == []
    assert caplog.records == []


def test_the_next_frame_of_a_connection_is_heard_after_a_bad_one(handler: Handler) -> None:
    assert _do(handler, "c1", "no json")["type"] == "error"
    assert _do(handler, "c1", subscribe())["type"] == "subscribed"


def test_a_publisher_that_closed_at_once_costs_nothing_and_logs_no_error(
    handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    _subscribe(handler, "c1")
    assert _publish(handler)["accepted"] == 1
    assert caplog.records == []


def test_no_payload_is_ever_logged(
    handler: Handler, api: FakeApi, dynamo: TappedDynamo, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="ottu-ws-notify")
    _subscribe(handler, "c1")
    api.script("c1", ProtocolError("Connection aborted."), 403)
    _publish(handler, message="very private")
    dynamo.fail("put said", FAILURES[0])
    _do(handler, "backend", publish(message="very private"))
    assert len(caplog.records) == 2
    assert "very private" not in caplog.text


def test_without_a_request_id_the_error_has_one_that_is_in_the_log(
    handler: Handler, dynamo: TappedDynamo, caplog: pytest.LogCaptureFixture
) -> None:
    dynamo.fail("put said", FAILURES[0])
    reply = handler.handle("c1", publish())
    assert reply is not None
    assert reply["request_id"] == vars(caplog.records[0])["request_id"] != ""


# -- a caller without a connection


def test_without_a_connection_one_may_publish(handler: Handler, api: FakeApi) -> None:
    _subscribe(handler, "c1")
    assert _do(handler, None, publish())["accepted"] == 1
    assert api.received("c1") == [NOTIFICATION]


def test_without_a_connection_one_may_ping(handler: Handler) -> None:
    assert _do(handler, None, '{"action":"ping"}')["type"] == "pong"


@pytest.mark.parametrize(("text", "field"), [(subscribe(), "client"), (unsubscribe(), "action")])
def test_without_a_connection_there_is_nothing_to_subscribe(
    text: str, field: str, handler: Handler, journal: Journal
) -> None:
    reply = _do(handler, None, text)
    assert (reply["code"], reply["field"]) == ("invalid_message", field)
    assert "WebSocket" in reply["message"]
    assert journal == []


def test_in_process_a_connection_is_made_and_forgotten_by_the_calls_of_the_legacy_service(
    handler: Handler, storage: Storage, api: FakeApi
) -> None:
    storage.create_connection("3", publish())
    assert storage.listeners(TOPIC) == {"3"}
    assert _publish(handler)["accepted"] == 1
    storage.delete_connection('{"merchant_id":"merchant_id","ref":"12303"}')
    assert _publish(handler, id="2")["accepted"] == 0
    assert len(api.received("3")) == 1
