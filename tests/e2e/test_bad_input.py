"""Bad frames on the deployed stage: refused by the protocol, nothing changed, the socket open."""

import json

import pytest

from tests.kit.peer import Frame, peer, publication, unique
from tools.deploy import LocalStage

KIB = 1024


def _frames() -> dict[str, tuple[str, str, str | None]]:
    """Return the frames by name: text, code, field."""
    good = publication("m", "r")
    subscribe = {"client": "frontend", "merchant_id": "m", "ref": "r"}

    def without(field: str) -> str:
        return json.dumps({name: value for name, value in good.items() if name != field})

    def having(**fields: object) -> str:
        return json.dumps({**good, **fields})

    text = json.dumps(good)
    message, invalid = "invalid_message", "invalid_json"
    return {
        "no JSON": ("paid!", invalid, None),
        "an array": ("[1]", invalid, None),
        "empty": ("", invalid, None),
        "a repeated name": (text[:-1] + ',"ref":"s"}', invalid, None),
        "NaN": (text[:-1] + ',"x":NaN}', invalid, None),
        "5,000 digits": (text[:-1] + f',"x":{"9" * 5000}}}', invalid, None),
        "900 levels": (text[:-1] + f',"x":{"[" * 900}{"]" * 900}}}', invalid, None),
        "a lone surrogate": (text[:-1] + ',"x":"\\ud800"}', invalid, None),
        **{f"no {field}": (without(field), message, field) for field in good},
        "a number as merchant_id": (having(merchant_id=7), message, "merchant_id"),
        "a # in merchant_id": (having(merchant_id="a#b"), message, "merchant_id"),
        "a line end in merchant_id": (having(merchant_id="a\n"), message, "merchant_id"),
        "an empty merchant_id": (having(merchant_id=""), message, "merchant_id"),
        "a long merchant_id": (having(merchant_id="m" * 129), message, "merchant_id"),
        "an empty ref": (having(ref=""), message, "ref"),
        "a ref of 514 bytes": (having(ref="é" * 257), message, "ref"),
        "a control character in ref": (having(ref="a\u0000"), message, "ref"),
        "true as ref": (having(ref=True), message, "ref"),
        "1.0 as ref": (having(ref=1.0), message, "ref"),
        "2^53 as ref": (having(ref=2**53), message, "ref"),
        "an unknown status": (having(status="pending"), message, "status"),
        "an unknown client": (having(client="server"), message, "client"),
        "an unknown action": (having(action="shout"), message, "action"),
        "the action $connect": (having(action="$connect"), message, "action"),
        "the action $disconnect": (having(action="$disconnect"), message, "action"),
        "the action $default": (having(action="$default"), message, "action"),
        "a long id": (having(id="i" * 129), message, "id"),
        "since is no time": (json.dumps({**subscribe, "since": "noon"}), message, "since"),
    }


FRAMES = _frames()


@pytest.mark.parametrize("name", FRAMES)
def test_a_bad_frame_is_refused_and_the_socket_stays_open(stage: LocalStage, name: str) -> None:
    text, code, field = FRAMES[name]
    with peer(stage.url) as client:
        error = client.ask(text)
        assert (error["client"], error["type"]) == ("server", "error")
        assert (error["code"], error.get("field")) == (code, field)
        assert error["retryable"] is False
        assert error["message"]
        assert error["request_id"]
        assert client.nothing_waits()


def _publication_of(size: int, merchant: str) -> Frame:
    """Return a publication whose frame has this many bytes."""
    frame = publication(merchant, "r", message="")
    return {**frame, "message": "x" * (size - len(json.dumps(frame)))}


def test_a_frame_of_127_kib_arrives(stage: LocalStage) -> None:
    merchant = unique("shop")
    sent = _publication_of(127 * KIB, merchant)
    with peer(stage.url) as browser, peer(stage.url) as backend:
        browser.subscribe(merchant, "r")
        assert backend.ask(sent)["accepted"] == 1
        assert browser.receive()["message"] == sent["message"]


def test_a_notification_over_128_kib_is_refused(stage: LocalStage) -> None:
    merchant = unique("shop")
    with peer(stage.url) as browser, peer(stage.url) as backend:
        browser.subscribe(merchant, "r")
        assert backend.ask(_publication_of(128 * KIB, merchant))["code"] == "too_large"
        assert browser.nothing_waits()
        assert browser.subscribe(merchant, "r")[-1]["replayed"] == 0
