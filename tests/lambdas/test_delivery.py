"""What is delivered, and to which connections."""

from lambdas.layer.handler import Handler
from tests.kit.clock import FakeClock
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import FakeDynamoDb
from tests.kit.frames import NOTIFICATION, NOW, publish, subscribe, unsubscribe
from tests.lambdas.frames_sent import (
    handle,
    publish_notification,
    subscribe_connections,
    subscribed_connections,
)


def test_a_notification_is_the_published_object_with_id_and_sent_at(
    handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    publish_notification(handler)
    assert api.received("c1") == [NOTIFICATION]


def test_a_publisher_may_set_the_id_but_not_the_sent_at(
    handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    receipt = publish_notification(handler, id="order 7", sent_at={"any": "thing"})
    assert receipt["id"] == "order 7"
    assert receipt["sent_at"] == NOW
    assert api.received("c1") == [{**NOTIFICATION, "id": "order 7"}]


def test_publishes_without_an_id_get_different_ids(handler: Handler, api: FakeConnections) -> None:
    subscribe_connections(handler, "c1")
    for _ in range(2):
        reply = handler.handle("backend", publish())
        assert reply is not None
        assert reply["duplicate"] is False
    first, second = api.received("c1")
    assert first["id"] != second["id"]


def test_two_merchants_with_the_same_ref_are_separate(
    handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    subscribe_connections(handler, "c2", merchant_id="another")
    assert publish_notification(handler)["accepted"] == 1
    assert api.received("c2") == []
    assert handle(handler, "c3", subscribe(merchant_id="another"))["replayed"] == 0


def test_a_ref_that_looks_like_another_topics_key_is_separate(
    handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1", merchant_id="a", ref="b#c")
    assert publish_notification(handler, merchant_id="a", ref="b")["accepted"] == 0
    assert publish_notification(handler, merchant_id="a", ref="b#c")["accepted"] == 1
    assert len(api.received("c1")) == 1


def test_a_connection_may_subscribe_to_several_refs(handler: Handler, api: FakeConnections) -> None:
    for ref in ("1", "2", "3"):
        subscribe_connections(handler, "c1", ref=ref)
    handle(handler, "c1", unsubscribe(ref="2"))
    for ref in ("1", "2", "3"):
        publish_notification(handler, ref=ref, id=ref)
    assert [frame["ref"] for frame in api.received("c1")] == ["1", "3"]


def test_subscribing_again_replays_again_and_keeps_one_subscription(
    handler: Handler, api: FakeConnections, tables: FakeDynamoDb
) -> None:
    subscribe_connections(handler, "c1")
    publish_notification(handler)
    assert handle(handler, "c1", subscribe())["replayed"] == 1
    assert api.received("c1") == [NOTIFICATION, NOTIFICATION]
    assert len(tables.subscriptions()) == 1


def test_subscribing_again_extends_the_subscription(
    handler: Handler, clock: FakeClock, tables: FakeDynamoDb
) -> None:
    subscribe_connections(handler, "c1")
    (before,) = tables.subscriptions()
    clock.advance(seconds=600)
    subscribe_connections(handler, "c1")
    (after,) = tables.subscriptions()
    assert int(after["expires_at"]["N"]) - int(before["expires_at"]["N"]) == 600


def test_unsubscribing_without_a_subscription_is_not_an_error(handler: Handler) -> None:
    assert handle(handler, "c1", unsubscribe())["type"] == "unsubscribed"


def test_after_an_unsubscribe_nothing_is_delivered(
    handler: Handler, api: FakeConnections, tables: FakeDynamoDb
) -> None:
    subscribe_connections(handler, "c1", "c2")
    handle(handler, "c1", unsubscribe())
    assert publish_notification(handler)["accepted"] == 1
    assert api.received("c1") == []
    assert [entry["entry"]["S"] for entry in tables.entries("subscription")] == ["subscription#c2"]


def test_sixty_subscribers_all_get_the_notification(handler: Handler, api: FakeConnections) -> None:
    connection_ids = [f"c{n}" for n in range(60)]
    subscribe_connections(handler, *connection_ids)
    assert publish_notification(handler)["accepted"] == 60
    assert all(api.received(each) == [NOTIFICATION] for each in connection_ids)


def test_the_receipt_counts_accepted_gone_and_failed_and_only_the_gone_are_pruned(
    handler: Handler, api: FakeConnections, tables: FakeDynamoDb
) -> None:
    subscribe_connections(handler, "living", "dead", "failing")
    api.script("dead", 410)
    api.script("failing", 403)
    receipt = publish_notification(handler)
    assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (1, 1, 1)
    assert subscribed_connections(tables) == {"living", "failing"}
    assert publish_notification(handler, id="next")["gone"] == 0


def test_a_notification_whose_post_failed_is_replayed_at_the_next_subscribe(
    handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    api.script("c1", 403, 200)
    assert publish_notification(handler)["failed"] == 1
    assert handle(handler, "c1", subscribe())["replayed"] == 1
    assert api.received("c1") == [NOTIFICATION]


def test_a_publisher_subscribed_to_its_own_topic_gets_its_notification(
    handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(handler, "backend")
    assert publish_notification(handler)["accepted"] == 1
    assert api.received("backend") == [NOTIFICATION]
