"""The same id again: a retry, a crash in between, other content."""

import json
from typing import Any

import pytest

from lambdas.layer.aws.errors import TransportError
from lambdas.layer.handler import Handler
from tests.kit.clock import FakeClock
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import RETENTION, FakeDynamoDb, JournaledDynamoDb
from tests.kit.frames import (
    NOTIFICATION,
    NOW,
    PUBLISH,
    publish,
)
from tests.lambdas.frames_sent import handle, publish_notification, subscribe_connections


def test_the_same_id_with_the_same_content_is_stored_once_and_posted_again(
    handler: Handler, api: FakeConnections, clock: FakeClock, tables: FakeDynamoDb
) -> None:
    subscribe_connections(handler, "c1")
    first = publish_notification(handler, id="order 7")
    clock.advance(seconds=30)
    second = publish_notification(handler, id="order 7")
    assert second == {**first, "duplicate": True}
    assert second["sent_at"] == NOW
    assert api.received("c1") == [{**NOTIFICATION, "id": "order 7"}] * 2
    assert len(tables.entries("notification")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"message": "another"},
        {"message": PUBLISH["message"].swapcase()},
        {"n": 1.0},
        {"n": True},
        {"n": "1"},
        {"n": None},
        {"extra": None},
        {"ref": 12303},
    ],
)
def test_the_same_id_with_other_content_is_refused_and_changes_nothing(
    changes: dict[str, Any], handler: Handler, api: FakeConnections, tables: FakeDynamoDb
) -> None:
    subscribe_connections(handler, "c1")
    publish_notification(handler, id="order 7", n=1)
    before = (tables.entries(), list(api.posts))
    reply = handle(handler, "backend", publish(**{"id": "order 7", "n": 1, **changes}))
    assert (reply["code"], reply["field"]) == ("invalid_message", "id")
    assert reply["retryable"] is False
    assert (tables.entries(), api.posts) == before


def test_nearly_equal_ids_are_distinct_and_unchanged(
    handler: Handler, api: FakeConnections
) -> None:
    ids = ["a", "A", "a ", " a", "a" * 127, "a" * 128]
    subscribe_connections(handler, "c1")
    for n, id_ in enumerate(ids):
        receipt = publish_notification(handler, id=id_, n=n)
        assert (receipt["id"], receipt["duplicate"]) == (id_, False)
    assert [frame["id"] for frame in api.received("c1")] == ids


def test_the_order_of_fields_and_a_sent_at_do_not_make_other_content(handler: Handler) -> None:
    publish_notification(handler, id="order 7", a={"x": 1, "y": 2})
    turned = {"a": {"y": 2, "x": 1}, "sent_at": "whenever", "id": "order 7"}
    fields = dict(reversed(PUBLISH.items()))
    reply = handle(handler, "backend", json.dumps({**turned, **fields}, indent=2))
    assert reply["duplicate"] is True


def test_the_same_id_may_be_used_for_another_ref(handler: Handler) -> None:
    publish_notification(handler, id="order 7")
    receipt = publish_notification(handler, id="order 7", ref="other", message="another")
    assert receipt["duplicate"] is False


def test_an_expired_notification_counts_as_absent(
    handler: Handler, clock: FakeClock, tables: FakeDynamoDb
) -> None:
    publish_notification(handler, id="order 7")
    clock.advance(seconds=RETENTION)
    receipt = publish_notification(handler, id="order 7", message="another")
    assert receipt["duplicate"] is False
    assert receipt["sent_at"] == "2026-11-23T10:30:00.000Z"
    (entry,) = tables.entries("notification")
    assert "another" in entry["notification"]["S"]


def test_a_repeated_id_is_a_duplicate_until_the_end_of_the_retention(
    handler: Handler, clock: FakeClock
) -> None:
    publish_notification(handler, id="order 7")
    clock.advance(seconds=RETENTION - 1)
    assert publish_notification(handler, id="order 7")["duplicate"] is True


def test_a_publish_that_failed_between_storing_and_posting_delivers_by_its_retry(
    handler: Handler, api: FakeConnections, clock: FakeClock, dynamo: JournaledDynamoDb
) -> None:
    subscribe_connections(handler, "c1")
    dynamo.fail("query index", TransportError("no response in time"))
    assert handle(handler, "backend", publish(id="order 7"))["code"] == "internal_error"
    assert api.posts == []
    dynamo.mend()
    clock.advance(seconds=3)
    receipt = publish_notification(handler, id="order 7")
    assert (receipt["duplicate"], receipt["accepted"], receipt["sent_at"]) == (True, 1, NOW)
    assert api.received("c1") == [{**NOTIFICATION, "id": "order 7"}]


def test_a_put_whose_response_was_lost_is_not_a_duplicate_when_retried(
    handler: Handler, api: FakeConnections, dynamo: JournaledDynamoDb
) -> None:
    def answered_at_the_second_try(call: Any) -> Any:
        call()
        return call()

    subscribe_connections(handler, "c1")
    dynamo.detour("put notification", answered_at_the_second_try)
    receipt = publish_notification(handler, id="order 7")
    assert (receipt["duplicate"], receipt["accepted"]) == (False, 1)
    assert len(api.received("c1")) == 1
