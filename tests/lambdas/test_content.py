"""What is delivered is what was published: every field, and up to 128 KiB."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdas.layer.handler import MAX_NOTIFICATION, Handler
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import FakeDynamoDb
from tests.kit.frames import (
    NOTIFICATION,
    PUBLISH,
    publish,
    subscribe,
)
from tests.lambdas.frames_sent import handle, publish_notification, subscribe_connections

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


def test_unknown_fields_are_delivered_unchanged(handler: Handler, api: FakeConnections) -> None:
    subscribe_connections(handler, "c1")
    publish_notification(handler, **WEIRD)
    (frame,) = api.received("c1")
    assert frame == {**NOTIFICATION, **WEIRD}
    assert isinstance(frame["one"], float)
    handle(handler, "c2", subscribe())
    assert api.received("c2") == [frame]


RESERVED = {*PUBLISH, "id", "sent_at", "action"}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    fields=st.dictionaries(st.text().filter(lambda name: name not in RESERVED), JSON, max_size=5)
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_unknown_fields_of_any_value_are_delivered_unchanged(
    fields: dict[str, Any], handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(
        handler, "c1", since="9999-12-31T00:00:00Z"
    )  # no replay of earlier examples
    api.posts.clear()
    assert handler.handle("backend", publish(**fields)) is not None
    (frame,) = api.received("c1")
    sent = {name: frame[name] for name in frame if name not in {"id", "sent_at"}}
    assert json.dumps(sent, sort_keys=True) == json.dumps({**PUBLISH, **fields}, sort_keys=True)


def _delivered_with(handler: Handler, api: FakeConnections, message: str) -> dict[str, Any]:
    reply = handler.handle("backend", publish(message=message), request_id="r1")
    assert reply is not None
    if reply["type"] == "receipt":
        assert api.posts[-1].frame["message"] == message
    return reply


def test_exactly_128_kib_as_delivered_is_accepted_and_a_byte_more_refused(
    handler: Handler, api: FakeConnections, tables: FakeDynamoDb
) -> None:
    subscribe_connections(handler, "c1")
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
    assert len(tables.entries("notification")) == 1

    reply = handler.handle("backend", publish(message="m" * room), request_id="r3")
    assert reply is not None
    assert reply["type"] == "receipt"
    assert len(api.posts[-1].text.encode()) == MAX_NOTIFICATION == 131_072


def test_the_size_is_measured_in_bytes_and_not_in_characters(
    handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    assert _delivered_with(handler, api, "💳" * 32_000)["type"] == "receipt"
    assert _delivered_with(handler, api, "💳" * 32_768)["code"] == "too_large"
    assert _delivered_with(handler, api, "é" * 65_536)["code"] == "too_large"


def test_the_size_limit_counts_the_delivered_form_without_escapes(
    handler: Handler, api: FakeConnections
) -> None:
    subscribe_connections(handler, "c1")
    text = json.dumps({**PUBLISH, "message": "é" * 60_000})
    assert len(text) > 300_000
    reply = handle(handler, "backend", text)
    assert reply["type"] == "receipt"
    assert len(api.posts[-1].text.encode()) < 128 * 1024


def test_127_kib_are_accepted(handler: Handler, api: FakeConnections) -> None:
    subscribe_connections(handler, "c1")
    text = publish(message="m" * (127 * 1024 - len(publish(message=""))))
    assert len(text) == 127 * 1024
    assert handle(handler, "backend", text)["accepted"] == 1
    assert handle(handler, "c2", subscribe())["replayed"] == 1
    assert api.received("c2") == api.received("c1")
