"""Inputs: the frames and tokens of the tests, valid or not, changed by structure or as texts."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Final

from hypothesis import strategies as st

from tests.fuzz.harnesses import IDENTITIES, Event, Handshake
from tests.kit.bad_frames import TABLE
from tests.kit.forgeries import FORGERIES
from tests.kit.frames import publish, subscribe, unsubscribe
from tests.kit.tokens import ABSENT, KEYS, NOW, b64, signed, token

_MAX_SEED: Final = 2_000
"""Characters: longer seeds would take the time of many."""

_FRAMES: Final = (
    publish(),
    publish(id="an-id", extra=[1.5, {"a": None}], sent_at="x"),
    publish(ref=12303, status="failed"),
    subscribe(),
    subscribe(since="2026-11-23T09:30:00.125+02:00"),
    unsubscribe(),
    '{"action":"ping"}',
)
_TOKENS: Final = (
    token(),
    token({"kid": "second"}, key=KEYS["second"], ref=["1", "2"]),
    token(client="backend", ref=ABSENT, nbf=0, iat=1, aud="x"),
    token(client="backend", ref="1"),
    token(ref=[12303, "a"], nbf=NOW + 60),
    token(ref=[f"{n:-<360}" for n in range(20)]),  # too long for the context of an authorizer
)
SEEDS: Final = {
    "frames": [*_FRAMES, *(text for _, text, _, _ in TABLE if len(text) <= _MAX_SEED)],
    "tokens": [*_TOKENS, *(text for text, _ in FORGERIES.values() if len(text) <= _MAX_SEED)],
}
"""By the name of the harness; those of the other harnesses are made of these."""


def token_parts(text: str) -> tuple[str, str] | None:
    """Return header and claims of a token as texts; None for what is not in three parts."""
    try:
        head, body, _ = text.split(".")
        return _text(head), _text(body)
    except ValueError:  # not three, not base64url, not UTF-8
        return None


def _text(part: str) -> str:
    return base64.urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4)).decode()


def _objects() -> Iterator[dict[str, Any]]:
    """Yield what the seeds hold: frames, headers and claims."""
    for text in (*SEEDS["frames"], *chain(*filter(None, map(token_parts, SEEDS["tokens"])))):
        with suppress(ValueError, RecursionError):
            if isinstance(value := json.loads(text), dict):
                yield value


_OBJECTS: Final = list(_objects())
_NAMES: Final = sorted({name for each in _OBJECTS for name in each})
_VALUES: Final = list({repr(value): value for each in _OBJECTS for value in each.values()}.values())
_PIECES: Final = (
    *('"', "{", "}", "[", "]", ":", ",", "\\", "\\u", "\\ud800", "\\u0000", "NaN", "Infinity"),
    *("1e400", "-", ".", "0", "9" * 400, "null", "tru", "/*", "\ufeff", "\ud83d", "💳", "\x00"),
    *("", "\n", "=", "Bearer ", '"ref":"2",', "[" * 70, "]" * 70, "[" * 2000, '{"a":' * 70, "%2E"),
)
_VALUE: Final = st.sampled_from(_VALUES) | st.text(max_size=4) | st.integers() | st.floats()
_PIECE: Final = st.sampled_from(_PIECES) | st.text(max_size=3)
CONTEXTS: Final = st.sampled_from([None, *(who.to_context() for who in IDENTITIES)])
_ORIGIN: Final = st.sampled_from(("https://pay.example.com", "https://x.example.com", "http://["))
_SCHEME: Final = st.sampled_from(("Bearer ", "Bearer ", "bearer  ", "Basic ", ""))
_FEW: Final = st.sampled_from((1, 1, 1, 2, 4))
MOSTLY: Final = st.sampled_from((True, True, True, True, False))

_FRAME_SEED: Final = st.sampled_from(_FRAMES) | st.sampled_from(SEEDS["frames"])
_TOKEN_SEED: Final = st.sampled_from(_TOKENS) | st.sampled_from(SEEDS["tokens"])

Draw = Callable[[st.SearchStrategy[Any]], Any]


def _changed_text(draw: Draw, text: str) -> str:
    """Replace a few slices of a text; most are short."""
    for _ in range(draw(_FEW)):
        start = draw(st.integers(0, len(text)))
        end = draw(st.sampled_from((start, start + 1)) | st.integers(start, len(text)))
        text = text[:start] + draw(_PIECE) + text[end:]
    return text


def _changed_json(draw: Draw, text: str) -> str:
    """Change a few values of a JSON text by its structure; another text as a text."""
    try:
        value = json.loads(text)
        for _ in range(draw(_FEW)):
            value = changed_value(draw, value)
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    except (ValueError, RecursionError):
        return _changed_text(draw, text)


def changed_value(draw: Draw, value: Any) -> Any:
    """Drop, replace, copy or change a part of an object or a list; replace or change another."""
    if isinstance(value, list) and value:
        at = draw(st.integers(0, len(value) - 1))
        rest = value[:at] + value[at + 1 :]
        return draw(st.sampled_from((rest, [*value, value[at]], [*rest, draw(_VALUE)])))
    if isinstance(value, str) and draw(st.booleans()):
        return _changed_text(draw, value)
    if not isinstance(value, dict):
        return draw(_VALUE | st.sampled_from(([value], {"a": value}, str(value))))
    name, other = (draw(st.sampled_from((*value, *some))) for some in (_NAMES[:1], _NAMES))
    match draw(st.sampled_from(("drop", "replace", "copy", "change"))):
        case "drop":
            value = {each: value[each] for each in value if each != name}
        case "replace":
            value = {**value, other: draw(_VALUE)}
        case "copy":
            value = {**value, other: value.get(name)}
        case _:
            value = {**value, name: changed_value(draw, value.get(name))}
    return value


def changed(draw: Draw, text: str) -> str:
    if draw(st.booleans()) and draw(st.booleans()):
        return _changed_text(draw, text)
    return _changed_json(draw, text) if draw(MOSTLY) else text


@st.composite
def _frames(draw: Draw) -> str:
    return changed(draw, draw(_FRAME_SEED))


@st.composite
def _tokens(draw: Draw) -> str:
    """Change header or claims of a token and sign it again, or change it as a text."""
    text = draw(_TOKEN_SEED)
    parts = token_parts(text)
    if parts is None or not draw(MOSTLY):
        return _changed_text(draw, text)
    header, payload = parts
    if draw(st.booleans()):
        header = changed(draw, header)
    else:
        payload = changed(draw, payload)
    data = (header.encode(errors="replace"), payload.encode(errors="replace"))
    if draw(MOSTLY):
        return signed(*data, _key_named_in(header))
    if draw(st.booleans()):
        return f"{b64(data[0])}.{b64(data[1])}."
    key = draw(st.sampled_from((*KEYS.values(), "k" * 32)))
    return signed(*data, key, draw(st.sampled_from(("HS256", "HS512"))))


FRAME: Final = _frames()
_TOKEN: Final = _tokens()


@st.composite
def _events(draw: Draw) -> Any:
    if not draw(MOSTLY):
        payload = changed_value(draw, json.loads(draw(st.sampled_from(_FRAMES))))
        return {"publish": payload} if draw(st.booleans()) else payload
    context = draw(CONTEXTS)
    if not draw(MOSTLY):
        context = changed_value(draw, context)
    return Event(context, draw(FRAME))


@st.composite
def _handshakes(draw: Draw) -> Handshake:
    headers = {"Origin": draw(_ORIGIN)} if draw(st.booleans()) else {}
    if not draw(MOSTLY):
        headers["authorization"] = f"Bearer {draw(_TOKEN_SEED)}"
    if draw(st.booleans()):
        return Handshake(headers, {"token": draw(_TOKEN)})
    headers["Authorization"] = draw(_SCHEME) + draw(_TOKEN)
    if not draw(MOSTLY):  # given twice, joined as the HTTP API joins them
        both = [headers["Authorization"], draw(_SCHEME) + draw(_TOKEN_SEED)]
        headers["Authorization"] = draw(st.sampled_from((",", ", "))).join(both)
    return Handshake(headers, {})


INPUTS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "frames": FRAME,
    "tokens": _TOKEN,
    "events": _events(),
    "handshakes": _handshakes(),
}
"""By the name of the harness; those of requests over HTTPS are in `http_strategies`."""


def _key_named_in(header: str) -> str:
    try:
        return KEYS[json.loads(header)["kid"]]
    except (ValueError, RecursionError, TypeError, KeyError):
        return KEYS["first"]
