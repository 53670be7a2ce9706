"""The core of publishing, on values: no socket, no clock."""

import math

import pytest

from tests.clients.python.kit.cores import TIMEOUTS, Close, Driven, Open, publisher, sent
from tests.clients.python.kit.frames import CRASHED, GARBAGE, GATEWAYS_ERROR, error, receipt
from ws_notify import (
    ConnectionLostError,
    DeadlineError,
    HandshakeError,
    Receipt,
    RefusedError,
    TokenError,
)
from ws_notify.core.publisher import Publisher

FIELDS = {"merchant_id": "shop", "ref": "1", "id": "n-1", "message": "päid"}


def publishing(*, renewable: bool = False, seconds: float = 10) -> Driven[Publisher]:
    driven = publisher(renewable=renewable)
    driven.core.publish(FIELDS, seconds, driven.now)
    assert driven.actions() == [Open(1)]
    return driven


def test_a_publish_opens_a_connection_and_returns_the_receipt() -> None:
    driven = publishing()
    assert sent(driven.opened()) == [{"client": "backend", **FIELDS}]
    driven.received(receipt())
    assert driven.core.outcome == Receipt(
        id="n-1",
        merchant_id="shop",
        ref="1",
        sent_at="2026-11-23T09:30:00.000Z",
        accepted=1,
        gone=0,
        failed=0,
        duplicate=False,
    )
    assert driven.until_due == math.inf


def test_a_second_publish_reuses_the_connection() -> None:
    driven = publishing()
    driven.opened()
    driven.received(receipt())
    driven.now += 60
    driven.core.publish({**FIELDS, "id": "n-2"}, 10, driven.now)
    assert [each["id"] for each in sent(driven.actions())] == ["n-2"]


def test_a_publish_after_a_loss_opens_a_connection() -> None:
    driven = publishing()
    driven.opened()
    driven.received(receipt())
    driven.lost()
    assert driven.until_due == math.inf
    driven.core.publish(FIELDS, 10, driven.now)
    assert driven.actions() == [Open(2)]


@pytest.mark.parametrize(
    ("token_expires_in", "expires_after"), [(None, 7140), (3600, 3540), (20, 10)]
)
def test_a_connection_near_its_expiry_is_replaced_by_the_next_publish(
    token_expires_in: float | None, expires_after: float
) -> None:
    driven = publishing()
    driven.opened(1, token_expires_in)
    driven.received(receipt())
    driven.now += expires_after - 1
    driven.core.publish(FIELDS, 10, driven.now)
    assert sent(driven.actions())
    driven.received(receipt())
    driven.now += 1
    driven.core.publish(FIELDS, 10, driven.now)
    assert driven.actions() == [Close(1), Open(2)]


def test_a_publish_whose_connection_is_lost_is_repeated_with_the_same_id() -> None:
    driven = publishing()
    first = sent(driven.opened())
    driven.lost()
    assert driven.until_due == TIMEOUTS.backoff
    assert driven.after(TIMEOUTS.backoff) == [Open(2)]
    assert sent(driven.opened(2)) == first


def test_a_publish_without_a_receipt_is_repeated_with_a_doubled_timeout() -> None:
    driven = publishing()
    driven.opened()
    assert driven.until_due == 3
    assert driven.after(3) == [Close(1, broken=True)]
    driven.after(0.5)
    driven.opened(2)
    assert driven.until_due == 6


def test_a_connection_that_does_not_open_is_replaced() -> None:
    driven = publishing()
    assert driven.after(3) == [Close(1, broken=True)]
    assert driven.after(0.5) == [Open(2)]


def test_an_event_of_a_replaced_connection_is_ignored() -> None:
    driven = publishing()
    driven.opened()
    driven.after(TIMEOUTS.attempt)
    assert driven.after(TIMEOUTS.backoff) == [Open(2)]
    driven.lost(ConnectionLostError("The connection was closed with 1009", 1009), connection=1)
    driven.opened(1)
    assert driven.core.outcome is None
    assert sent(driven.opened(2))


def test_a_deadline_before_the_connection_opens_closes_it() -> None:
    assert publishing(seconds=1).after(1) == [Close(1, broken=True)]


@pytest.mark.parametrize("answer", [CRASHED, GATEWAYS_ERROR])
def test_a_retryable_error_is_retried_on_the_same_connection(
    answer: str,
) -> None:
    driven = publishing()
    first = sent(driven.opened())
    assert driven.received(answer) == []
    assert sent(driven.after(0.5)) == first


def test_a_final_error_is_the_outcome_with_all_its_fields() -> None:
    driven = publishing()
    driven.opened()
    driven.received(error("invalid_message", field="ref"))
    assert isinstance(driven.core.outcome, RefusedError)
    assert vars(driven.core.outcome) == {
        "message": "Do something else",
        "code": "invalid_message",
        "field": "ref",
        "retryable": False,
        "request_id": "r-1",
    }
    assert driven.after(60) == []  # and the connection is kept


def test_a_close_with_1009_is_a_final_error() -> None:
    driven = publishing()
    driven.opened()
    driven.lost(ConnectionLostError("The connection was closed with 1009", 1009))
    refused = driven.core.outcome
    assert isinstance(refused, RefusedError)
    assert refused.code == "too_large"


def test_a_publish_at_its_deadline_ends_with_its_id() -> None:
    driven = publishing(seconds=4)
    driven.opened()
    driven.received(CRASHED)
    driven.after(0.5)
    assert driven.until_due == 3
    assert driven.after(3) == [Close(1, broken=True)]
    assert driven.after(0.5) == []
    late = driven.core.outcome
    assert isinstance(late, DeadlineError)
    assert late.id == "n-1"
    assert late.retryable
    assert driven.after(60) == []


def test_a_deadline_error_carries_the_request_id_of_the_last_error() -> None:
    driven = publishing(seconds=0.25)
    driven.opened()
    driven.received(CRASHED)
    driven.after(0.25)
    late = driven.core.outcome
    assert isinstance(late, DeadlineError)
    assert late.request_id == "r-1"


def test_a_deadline_before_the_receipt_closes_the_connection() -> None:
    driven = publishing(seconds=1)
    driven.opened()
    assert driven.after(1) == [Close(1, broken=True)]
    driven.received(receipt())
    assert isinstance(driven.core.outcome, DeadlineError)


def test_a_receipt_of_another_id_is_ignored() -> None:
    driven = publishing()
    driven.opened()
    driven.received(receipt("n-0"))
    assert driven.core.outcome is None


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_an_invalid_frame_is_not_taken_for_a_receipt(garbage: str | bytes) -> None:
    driven = publishing()
    driven.opened()
    assert driven.received(garbage) == []
    assert driven.core.outcome is None
    driven.received(receipt())
    assert isinstance(driven.core.outcome, Receipt)


def test_a_rejected_token_is_retried_once_and_then_final() -> None:
    driven = publishing(renewable=True)
    driven.refused(401)
    assert driven.core.outcome is None
    driven.after(0.5)
    driven.refused(401, connection=2)
    assert isinstance(driven.core.outcome, HandshakeError)


def test_a_token_rejected_after_an_earlier_publish_is_retried_once_more() -> None:
    driven = publishing(renewable=True)
    for number in (1, 3):
        driven.refused(401, number)
        assert driven.core.outcome is None
        driven.after(driven.until_due)
        driven.opened(number + 1)
        driven.received(receipt(), number + 1)
        assert isinstance(driven.core.outcome, Receipt)
        driven.lost(connection=number + 1)
        driven.core.publish(FIELDS, 10, driven.now)
        driven.actions()


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_rejected_handshake_is_the_outcome(status: int) -> None:
    driven = publishing()
    driven.refused(status)
    assert isinstance(driven.core.outcome, HandshakeError)


def test_a_token_function_that_fails_is_retried_until_the_deadline() -> None:
    driven = publishing(renewable=True)
    driven.lost(TokenError("The token function failed: OSError: no"))
    assert driven.after(0.5) == [Open(2)]
    driven.lost(TokenError("The token function failed: OSError: no"), connection=2)
    driven.now += 10
    driven.actions()
    assert "OSError" in str(driven.core.outcome)


def test_an_abandoned_publish_closes_its_connection() -> None:
    driven = publishing()
    driven.opened()
    driven.core.abandon()
    assert driven.actions() == [Close(1, broken=True)]


@pytest.mark.parametrize("field", ["action", "client", "sent_at"])
def test_a_reserved_field_is_rejected(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        publisher().core.publish({**FIELDS, field: "x"}, 10, 0)


@pytest.mark.parametrize("value", [math.nan, "\ud800", object()])
def test_a_field_that_is_not_json_is_rejected(value: object) -> None:
    driven = publisher()
    with pytest.raises((ValueError, TypeError)):
        driven.core.publish({**FIELDS, "more": value}, 10, 0)
    assert driven.actions() == []


def test_a_reused_connection_that_is_forbidden_is_replaced_once() -> None:
    driven = publishing(renewable=True)
    first = sent(driven.opened())
    driven.received(receipt())
    driven.core.publish(FIELDS, 10, driven.now)
    assert sent(driven.actions()) == first
    assert driven.received(error()) == [Close(1), Open(2)]
    assert sent(driven.opened(2)) == first
    driven.received(error(), connection=2)  # now it is about the notification
    assert isinstance(driven.core.outcome, RefusedError)
