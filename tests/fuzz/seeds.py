"""What the fuzzing begins with: the good and the bad frames and tokens of the tests."""

import base64
import json
from typing import Final

from tests.kit.bad_frames import TABLE
from tests.kit.forgeries import FORGERIES
from tests.kit.frames import publish, subscribe, unsubscribe
from tests.kit.tokens import ABSENT, token

_LONGEST: Final = 2_000
"""Characters: longer ones would take the time of many."""

FRAMES: Final = (
    publish(),
    publish(id="an-id", extra=[1.5, {"a": None}], sent_at="x"),
    publish(ref=12303, status="failed"),
    subscribe(),
    subscribe(since="2026-11-23T09:30:00.125+02:00"),
    unsubscribe(),
    '{"action":"ping"}',
    *(text for _, text, _, _ in TABLE if len(text) <= _LONGEST),
)

TOKENS: Final = (
    token(),
    token({"kid": "second"}, key="2" * 48, ref=["1", "2"]),
    token(client="backend", ref=ABSENT, nbf=0, iat=1, aud="x"),
    token(client="backend", ref="1"),
    *(text for text, _ in FORGERIES.values() if len(text) <= _LONGEST),
)

_BACKEND: Final = {"client": "backend", "merchant_id": "merchant_id", "refs": "null"}
_PAGE: Final = {"client": "frontend", "merchant_id": "merchant_id", "refs": '["12303"]'}

EVENTS: Final = (
    *(
        json.dumps({"context": {**_BACKEND, "expires_at_ms": "1795429800000"}, "body": text})
        for text in FRAMES
    ),
    *(
        json.dumps({"context": {**_PAGE, "expires_at_ms": "1795429800000"}, "body": text})
        for text in FRAMES
    ),
    json.dumps({"context": None, "body": publish()}),
    publish(),
    publish(extra=[1.5, {"a": None}]),
    subscribe(),
)
"""What comes to `default`: a frame beside its authorizer's context, or a whole invocation."""

HANDSHAKES: Final = tuple(
    json.dumps(sent)
    for text in TOKENS
    for sent in (
        {"headers": {"Authorization": f"Bearer {text}"}, "query": {}},
        {"headers": {"Origin": "https://pay.example.com"}, "query": {"token": text}},
    )
)


def parts(text: str) -> tuple[str, str] | None:
    """Return header and claims of a token as texts; None for what is not in three parts."""
    try:
        head, body, _ = text.split(".")
        return _text(head), _text(body)
    except ValueError:  # not three, not base64url, not UTF-8
        return None


def _text(part: str) -> str:
    return base64.urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4)).decode()
