"""Every frame that is rejected: what the sender is told, and that nothing else happens."""

import pytest

from lambdas.layer.handler import Handler
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage
from tests.kit.bad_frames import TABLE
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import Journal, JournaledDynamoDb


@pytest.fixture
def handler(dynamo: JournaledDynamoDb, api: FakeConnections) -> Handler:
    """Return a handler without tables: whatever it did would fail, and be written down."""
    storage = Storage(dynamo, connections="none", ledger="none", retention=1)
    return Handler(storage, Sender(api))


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [row[1:] for row in TABLE],
    ids=[row[0].encode("ascii", "backslashreplace").decode() for row in TABLE],
)
def test_an_invalid_frame_is_rejected_and_changes_nothing(
    text: str, code: str, field: str | None, handler: Handler, journal: Journal
) -> None:
    reply = handler.handle("c1", text, request_id="r1")
    assert reply is not None
    message = reply.pop("message")
    blamed = {} if field is None else {"field": field}
    assert reply == {
        "client": "server",
        "type": "error",
        "code": code,
        "retryable": False,
        "request_id": "r1",
        **blamed,
    }
    assert 10 < len(message) < 250
    assert message.isprintable()
    assert field is None or message.startswith(field)
    assert journal == []
