"""The core of publishing, on values: no socket, no clock."""

import math

import pytest

from tests.clients.python.driving import TIMING, Close, Driven, Open, publisher, sent
from tests.clients.python.frames import CRASHED, GARBAGE, GATEWAYS_ERROR, error, receipt
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


def core_of(driven: Driven) -> Publisher:
    assert isinstance(driven.core, Publisher)
    return driven.core


def publishing(*, renewable: bool = False, seconds: float = 10) -> Driven:
    driven = Driven(publisher(renewable=renewable))
    core_of(driven).publish(FIELDS, seconds, driven.now)
    assert driven.actions() == [Open(1)]
    return driven


def outcome(driven: Driven) -> object:
    return core_of(driven).outcome


def test_it_opens_sends_and_returns_the_receipt() -> None:
    driven = publishing()
    assert sent(driven.opened()) == [{"client": "backend", **FIELDS}]
    driven.received(receipt())
    assert outcome(driven) == Receipt(
        id="n-1",
        merchant_id="shop",
        ref="1",
        sent_at="2026-11-23T09:30:00.000Z",
        accepted=1,
        gone=0,
        failed=0,
        duplicate=False,
    )
    assert driven.patience == math.inf


def test_the_connection_is_kept_for_the_next() -> None:
    driven = publishing()
    driven.opened()
    driven.received(receipt())
    driven.now += 60
    core_of(driven).publish({**FIELDS, "id": "n-2"}, 10, driven.now)
    assert [each["id"] for each in sent(driven.actions())] == ["n-2"]


def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    driven = publishing()
    driven.opened()
    driven.received(receipt())
    driven.lost()
    assert driven.patience == math.inf
    core_of(driven).publish(FIELDS, 10, driven.now)
    assert driven.actions() == [Open(2)]


@pytest.mark.parametrize(("ends_in", "stale_after"), [(None, 7140), (3600, 3540), (20, 10)])
def test_a_connection_is_left_before_its_token_or_itself_ends(
    ends_in: float | None, stale_after: float
) -> None:
    driven = publishing()
    driven.opened(1, ends_in)
    driven.received(receipt())
    driven.now += stale_after - 1
    core_of(driven).publish(FIELDS, 10, driven.now)
    assert sent(driven.actions())
    driven.received(receipt())
    driven.now += 1
    core_of(driven).publish(FIELDS, 10, driven.now)
    assert driven.actions() == [Close(1), Open(2)]


def test_a_lost_connection_is_followed_by_the_same_id_on_the_next() -> None:
    driven = publishing()
    first = sent(driven.opened())
    driven.lost()
    assert driven.patience == TIMING.backoff
    assert driven.after(TIMING.backoff) == [Open(2)]
    assert sent(driven.opened(2)) == first


def test_a_receipt_that_does_not_come_is_asked_for_anew_with_more_patience() -> None:
    driven = publishing()
    driven.opened()
    assert driven.patience == 3
    assert driven.after(3) == [Close(1, broken=True)]
    driven.after(0.5)
    driven.opened(2)
    assert driven.patience == 6


def test_a_connection_that_does_not_open_is_given_up_for_another() -> None:
    driven = publishing()
    assert driven.after(3) == [Close(1, broken=True)]
    assert driven.after(0.5) == [Open(2)]


@pytest.mark.parametrize("answer", [CRASHED, GATEWAYS_ERROR])
def test_what_is_refused_but_not_for_good_is_sent_again_on_the_same_connection(
    answer: str,
) -> None:
    driven = publishing()
    first = sent(driven.opened())
    assert driven.received(answer) == []
    assert sent(driven.after(0.5)) == first


def test_what_is_refused_for_good_is_raised_with_all_that_the_service_said() -> None:
    driven = publishing()
    driven.opened()
    driven.received(error("invalid_message", field="ref"))
    refused = outcome(driven)
    assert isinstance(refused, RefusedError)
    assert (
        refused.code,
        refused.field,
        refused.retryable,
        refused.request_id,
        refused.message,
    ) == (
        "invalid_message",
        "ref",
        False,
        "r-1",
        "Do something else",
    )
    assert driven.after(60) == []  # and the connection is kept


def test_a_close_for_its_size_is_a_refusal() -> None:
    driven = publishing()
    driven.opened()
    driven.lost(ConnectionLostError("The connection was closed with 1009", 1009))
    refused = outcome(driven)
    assert isinstance(refused, RefusedError)
    assert refused.code == "too_large"


def test_a_deadline_ends_everything_and_names_the_id() -> None:
    driven = publishing(seconds=4)
    driven.opened()
    driven.received(CRASHED)
    driven.after(0.5)
    assert driven.patience == 3
    assert driven.after(3) == [Close(1, broken=True)]
    assert driven.after(0.5) == []
    late = outcome(driven)
    assert isinstance(late, DeadlineError)
    assert late.id == "n-1"
    assert late.retryable
    assert driven.after(60) == []


def test_a_deadline_carries_the_request_of_the_last_refusal() -> None:
    driven = publishing(seconds=0.25)
    driven.opened()
    driven.received(CRASHED)
    driven.after(0.25)
    late = outcome(driven)
    assert isinstance(late, DeadlineError)
    assert late.request_id == "r-1"


def test_a_deadline_in_flight_closes_the_connection_so_that_no_late_receipt_is_mistaken() -> None:
    driven = publishing(seconds=1)
    driven.opened()
    assert driven.after(1) == [Close(1, broken=True)]
    driven.received(receipt())
    assert isinstance(outcome(driven), DeadlineError)


def test_the_receipt_of_another_is_none() -> None:
    driven = publishing()
    driven.opened()
    driven.received(receipt("n-0"))
    assert outcome(driven) is None


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_no_receipt(garbage: str | bytes) -> None:
    driven = publishing()
    driven.opened()
    assert driven.received(garbage) == []
    assert outcome(driven) is None
    driven.received(receipt())
    assert isinstance(outcome(driven), Receipt)


def test_a_token_that_is_refused_is_fetched_once_more_and_then_an_error() -> None:
    driven = publishing(renewable=True)
    driven.refused(401)
    assert outcome(driven) is None
    driven.after(0.5)
    driven.refused(401, link=2)
    assert isinstance(outcome(driven), HandshakeError)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_handshake_is_raised_at_once(status: int) -> None:
    driven = publishing()
    driven.refused(status)
    assert isinstance(outcome(driven), HandshakeError)


def test_a_function_that_gives_no_token_is_asked_until_the_deadline() -> None:
    driven = publishing(renewable=True)
    driven.lost(TokenError("The token function failed: OSError: no"))
    assert driven.after(0.5) == [Open(2)]
    driven.lost(TokenError("The token function failed: OSError: no"), link=2)
    driven.now += 10
    driven.actions()
    assert "OSError" in str(outcome(driven))


def test_an_abandoned_publish_leaves_nothing_that_its_answer_could_meet() -> None:
    driven = publishing()
    driven.opened()
    core_of(driven).abandon()
    assert driven.actions() == [Close(1, broken=True)]


@pytest.mark.parametrize("field", ["action", "client", "sent_at"])
def test_what_the_protocol_reserves_is_no_field(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        core_of(Driven(publisher())).publish({**FIELDS, field: "x"}, 10, 0)


@pytest.mark.parametrize("value", [math.nan, "\ud800", object()])
def test_what_is_no_json_is_not_sent(value: object) -> None:
    driven = Driven(publisher())
    with pytest.raises((ValueError, TypeError)):
        core_of(driven).publish({**FIELDS, "more": value}, 10, 0)
    assert driven.actions() == []


def test_a_kept_connection_whose_token_ended_during_a_sleep_is_left_for_another() -> None:
    driven = publishing(renewable=True)
    first = sent(driven.opened())
    driven.received(receipt())
    core_of(driven).publish(FIELDS, 10, driven.now)
    assert sent(driven.actions()) == first
    assert driven.received(error()) == [Close(1), Open(2)]
    assert sent(driven.opened(2)) == first
    driven.received(error(), link=2)  # now it is about the notification
    assert isinstance(outcome(driven), RefusedError)
