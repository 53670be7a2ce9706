"""Invalid frames on the deployed stage: rejected, nothing changed, the connection open."""

import json

from tests.kit.bad_frames import TABLE
from tests.kit.peer import Frame, peer, publication, unique
from tools.deploy import LocalStage

KIB = 1024


def test_invalid_frames_on_one_connection_are_rejected_each_with_its_code_and_field(
    stage: LocalStage,
) -> None:
    # A WebSocket message is valid UTF-8, and API Gateway passes on 128 KiB at most.
    possible = [row for row in TABLE if "\ud83d" not in row[1]]
    sent = [row for row in possible if len(row[1].encode()) < 128 * KIB]
    assert len(sent) > 250
    with peer(stage.url) as client:
        for name, text, code, field in sent:
            error = client.ask(text)
            assert error == {
                "client": "server",
                "type": "error",
                "code": code,
                "message": error["message"],
                "retryable": False,
                "request_id": error["request_id"],
                **({"field": field} if field else {}),
            }, name
        assert client.drain() == []


def _publication_of(size: int, merchant: str) -> Frame:
    """Return a publication whose frame has this many bytes."""
    frame = publication(merchant, "r", message="")
    return {**frame, "message": "x" * (size - len(json.dumps(frame)))}


def test_a_frame_of_127_kib_is_delivered(stage: LocalStage) -> None:
    merchant = unique("shop")
    sent = _publication_of(127 * KIB, merchant)
    with peer(stage.url) as browser, peer(stage.url) as backend:
        browser.subscribe(merchant, "r")
        assert backend.ask(sent)["accepted"] == 1
        assert browser.receive()["message"] == sent["message"]


def test_a_notification_over_128_kib_is_rejected_as_too_large(stage: LocalStage) -> None:
    merchant = unique("shop")
    with peer(stage.url) as browser, peer(stage.url) as backend:
        browser.subscribe(merchant, "r")
        assert backend.ask(_publication_of(128 * KIB, merchant))["code"] == "too_large"
        assert browser.drain() == []
        assert browser.subscribe(merchant, "r")[-1]["replayed"] == 0
