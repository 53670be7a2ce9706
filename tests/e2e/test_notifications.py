"""Publish, subscribe and unsubscribe on the deployed stage, over raw WebSockets."""

from contextlib import ExitStack

from tests.kit.peer import peer, publication, unique
from tools.deploy import LocalStage


def test_a_subscriber_gets_every_field_of_a_notification_as_it_was_sent(stage: LocalStage) -> None:
    merchant = unique("shop")
    more = {"id": "n-1", "amount": 1e-7, "big": 2**53 + 1, "deep": {"ü": [None, True, "\u2028"]}}
    sent = publication(merchant, "order 7/ä", **more)
    with peer(stage.url) as browser, peer(stage.url) as backend:
        (subscribed,) = browser.subscribe(merchant, "order 7/ä")
        assert subscribed["replayed"] == 0
        assert subscribed["now"] < subscribed["expires_at"]
        receipt = backend.ask(sent)
        assert receipt == {
            "client": "server",
            "type": "receipt",
            "id": "n-1",
            "merchant_id": merchant,
            "ref": "order 7/ä",
            "sent_at": receipt["sent_at"],
            "accepted": 1,
            "gone": 0,
            "failed": 0,
            "duplicate": False,
        }
        assert browser.receive() == {**sent, "sent_at": receipt["sent_at"]}
        assert browser.drain() == []


def test_a_subscriber_gets_nothing_of_another_merchant_with_the_same_ref(stage: LocalStage) -> None:
    ours, theirs = unique("ours"), unique("theirs")
    with peer(stage.url) as our, peer(stage.url) as their, peer(stage.url) as backend:
        our.subscribe(ours, "12303")
        their.subscribe(theirs, "12303")
        assert backend.ask(publication(ours, "12303"))["accepted"] == 1
        assert our.receive()["merchant_id"] == ours
        assert their.drain() == []


def test_a_late_subscriber_is_replayed_every_notification_oldest_first(stage: LocalStage) -> None:
    merchant = unique("shop")
    with peer(stage.url) as backend:
        for number in range(3):
            backend.ask(publication(merchant, "r", message=str(number)))
    with peer(stage.url) as browser:
        *missed, subscribed = browser.subscribe(merchant, "r")
    assert [notification["message"] for notification in missed] == ["0", "1", "2"]
    assert subscribed["replayed"] == 3


def test_a_subscriber_that_reconnects_with_since_gets_what_it_missed(stage: LocalStage) -> None:
    merchant = unique("shop")
    with peer(stage.url) as backend:
        with peer(stage.url) as browser:
            (subscribed,) = browser.subscribe(merchant, "r")
        backend.ask(publication(merchant, "r", message="while away"))
        with peer(stage.url) as browser:
            *missed, _ = browser.subscribe(merchant, "r", since=subscribed["now"])
            assert [notification["message"] for notification in missed] == ["while away"]
            assert (
                browser.subscribe(merchant, "r", since="2999-01-01T00:00:00Z")[0]["replayed"] == 0
            )


def test_a_connection_with_several_refs_gets_them_until_it_unsubscribes(stage: LocalStage) -> None:
    merchant = unique("shop")
    with peer(stage.url) as browser, peer(stage.url) as backend:
        for ref in ("a", "b"):
            browser.subscribe(merchant, ref)
        gone = browser.ask({"action": "unsubscribe", "merchant_id": merchant, "ref": "a"})
        assert gone == {
            "client": "server",
            "type": "unsubscribed",
            "merchant_id": merchant,
            "ref": "a",
        }
        assert backend.ask(publication(merchant, "a"))["accepted"] == 0
        assert backend.ask(publication(merchant, "b"))["accepted"] == 1
        assert browser.receive()["ref"] == "b"
        assert browser.drain() == []


def test_a_number_and_its_digits_are_the_same_ref(stage: LocalStage) -> None:
    merchant = unique("shop")
    with peer(stage.url) as browser, peer(stage.url) as backend:
        assert browser.subscribe(merchant, 12303)[-1]["ref"] == 12303
        assert backend.ask(publication(merchant, "12303"))["accepted"] == 1
        assert browser.receive()["ref"] == "12303"


def test_a_retry_with_the_same_id_is_a_duplicate_and_other_content_is_rejected(
    stage: LocalStage,
) -> None:
    merchant = unique("shop")
    with peer(stage.url) as browser, peer(stage.url) as backend:
        browser.subscribe(merchant, "r")
        first = backend.ask(publication(merchant, "r", id="x"))
        again = backend.ask(publication(merchant, "r", id="x"))
        assert again == {**first, "duplicate": True}
        assert browser.receive() == browser.receive()
        other = backend.ask(publication(merchant, "r", id="x", message="other"))
        assert (other["code"], other["field"]) == ("invalid_message", "id")
        assert browser.drain() == []


def test_sixty_subscribers_of_one_ref_all_get_a_notification(stage: LocalStage) -> None:
    merchant = unique("shop")
    with ExitStack() as stack:
        browsers = [stack.enter_context(peer(stage.url)) for _ in range(60)]
        for browser in browsers:
            browser.subscribe(merchant, "r")
        backend = stack.enter_context(peer(stage.url))
        receipt = backend.ask(publication(merchant, "r"))
        assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (60, 0, 0)
        assert {browser.receive()["id"] for browser in browsers} == {receipt["id"]}


def test_a_notification_of_a_publisher_that_closes_at_once_is_delivered(stage: LocalStage) -> None:
    merchant = unique("shop")
    with peer(stage.url) as browser:
        browser.subscribe(merchant, "r")
        with peer(stage.url) as backend:
            backend.send(publication(merchant, "r"))
        assert browser.receive()["merchant_id"] == merchant
