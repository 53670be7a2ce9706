"""The order of steps, and who is found: of a publish and a subscribe, one sees the other."""

from lambdas.layer.handler import Handler
from tests.fakes import FakeApi, FakeClock, Journal, TappedDynamo
from tests.lambdas.examples import NOTIFICATION, subscribe
from tests.lambdas.frames_sent import do, join, say
from tests.lambdas.tables import Tables


def test_a_publish_says_first_and_then_looks_who_listens(
    handler: Handler, journal: Journal
) -> None:
    join(handler, "c1")
    journal.clear()
    say(handler)
    assert journal[0] == "put said"
    assert sorted(journal[1:3]) == ["query index", "query joined"]
    assert journal[3:] == ["post c1"]


def test_a_subscribe_writes_first_and_then_reads_what_was_said(
    handler: Handler, journal: Journal
) -> None:
    say(handler)
    journal.clear()
    join(handler, "c1")
    assert journal == ["write", "query said", "post c1"]


def test_both_sides_read_the_ledger_consistently_and_write_one_partition(
    handler: Handler, dynamo: TappedDynamo, tables: Tables
) -> None:
    join(handler, "c1")
    say(handler)
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
    join(handler, "c1", "c2")
    assert say(handler)["accepted"] == 2
    assert api.received("c1") == [NOTIFICATION]


def test_who_joined_lately_is_found_for_five_minutes(
    handler: Handler, clock: FakeClock, dynamo: TappedDynamo
) -> None:
    dynamo.lag()
    join(handler, "c1")
    clock.advance(seconds=299)
    assert say(handler, id="1")["accepted"] == 1
    clock.advance(seconds=1)
    assert say(handler, id="2")["accepted"] == 0


def test_who_joined_long_ago_is_found_through_the_index(
    handler: Handler, clock: FakeClock, api: FakeApi
) -> None:
    join(handler, "c1")
    clock.advance(seconds=3600)
    assert say(handler)["accepted"] == 1
    assert len(api.received("c1")) == 1


def test_who_is_found_both_ways_is_posted_to_once(handler: Handler, api: FakeApi) -> None:
    join(handler, "c1")
    say(handler)
    assert len(api.posts) == 1


def test_a_subscription_that_has_expired_is_never_posted_to(
    handler: Handler, clock: FakeClock, api: FakeApi, tables: Tables
) -> None:
    join(handler, "c1")
    clock.advance(seconds=2 * 3600 + 300)
    assert say(handler)["accepted"] == 0
    assert api.posts == []
    assert len(tables.subscriptions()) == 1  # still there: DynamoDB deletes late


def test_a_line_of_one_whose_connection_ends_sooner_ends_with_it(
    handler: Handler, clock: FakeClock, dynamo: TappedDynamo
) -> None:
    dynamo.lag()
    almost_over = clock() - (2 * 3600 + 240) * 1000
    assert do(handler, "c1", subscribe(), connected_at=almost_over)["type"] == "subscribed"
    clock.advance(seconds=59)
    assert say(handler, id="1")["accepted"] == 1
    clock.advance(seconds=1)
    assert say(handler, id="2")["accepted"] == 0
