"""What each frame does and how it is answered, over the models of AWS."""

import pytest

from lambdas.layer.handler import Handler
from tests.kit.clock import FakeClock
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import Journal
from tests.kit.frames import NOTIFICATION, NOW, publish, subscribe, unsubscribe
from tests.lambdas.frames_sent import handle, subscribe_connections

TWO_HOURS_LATER = "2026-11-23T11:30:00.000Z"


def test_a_ping_is_answered_with_a_pong_without_a_call(handler: Handler, journal: Journal) -> None:
    assert handle(handler, "c1", '{"action":"ping"}') == {"client": "server", "type": "pong"}
    assert journal == []


def test_a_subscribe_is_answered_field_by_field(handler: Handler) -> None:
    assert handle(handler, "c1", subscribe()) == {
        "client": "server",
        "type": "subscribed",
        "merchant_id": "merchant_id",
        "ref": "12303",
        "replayed": 0,
        "now": NOW,
        "expires_at": TWO_HOURS_LATER,
    }


def test_a_subscription_expires_two_hours_after_its_connection_opened(
    handler: Handler, clock: FakeClock
) -> None:
    reply = handle(handler, "c1", subscribe(), connected_at=clock() - 3_599_500)
    assert reply["now"] == NOW
    assert reply["expires_at"] == "2026-11-23T10:30:00.500Z"


def test_a_publish_is_answered_field_by_field(handler: Handler) -> None:
    subscribe_connections(handler, "c1", "c2")
    assert handle(handler, "backend", publish()) == {
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
    subscribe_connections(handler, "c1")
    assert handle(handler, "c1", unsubscribe()) == {
        "client": "server",
        "type": "unsubscribed",
        "merchant_id": "merchant_id",
        "ref": "12303",
    }


def test_a_rejection_is_answered_field_by_field(handler: Handler) -> None:
    reply = handle(handler, "c1", publish(status="maybe"))
    assert reply == {
        "client": "server",
        "type": "error",
        "code": "invalid_message",
        "field": "status",
        "message": "status must be `done` or `failed`",
        "retryable": False,
        "request_id": "r1",
    }


def test_replies_and_notifications_keep_the_type_of_the_ref(
    handler: Handler, api: FakeConnections
) -> None:
    assert handle(handler, "c1", subscribe(ref=12303))["ref"] == 12303
    assert handle(handler, "c2", subscribe(ref="12303"))["ref"] == "12303"
    assert handle(handler, "backend", publish(ref=12303))["ref"] == 12303
    assert [api.received(each)[0]["ref"] for each in ("c1", "c2")] == [12303, 12303]
    assert handle(handler, "c1", unsubscribe(ref=12303))["ref"] == 12303


def test_a_publish_needs_no_connection(handler: Handler, api: FakeConnections) -> None:
    subscribe_connections(handler, "c1")
    assert handle(handler, None, publish())["accepted"] == 1
    assert api.received("c1") == [NOTIFICATION]


def test_a_ping_needs_no_connection(handler: Handler) -> None:
    assert handle(handler, None, '{"action":"ping"}')["type"] == "pong"


@pytest.mark.parametrize(("text", "field"), [(subscribe(), "client"), (unsubscribe(), "action")])
def test_a_subscribe_or_unsubscribe_without_a_connection_is_rejected(
    text: str, field: str, handler: Handler, journal: Journal
) -> None:
    reply = handle(handler, None, text)
    assert (reply["code"], reply["field"]) == ("invalid_message", field)
    assert "WebSocket" in reply["message"]
    assert journal == []
