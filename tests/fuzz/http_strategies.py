"""Requests over HTTPS: bodies in right and wrong encodings, under odd headers."""

import gzip
import json
from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from tests.fuzz.functions import ORIGIN
from tests.fuzz.harnesses import IDENTITIES
from tests.fuzz.http_requests import POLL, PUBLISH, HttpRequest, base64_of
from tests.fuzz.strategies import CONTEXTS, FRAME, MOSTLY, SEEDS, Draw, changed, changed_value
from tests.kit.events import captured
from tests.kit.frames import PUBLISH as PUBLISHED
from tests.kit.frames import publish, subscribe, without

_TOPIC: Final = {"merchant_id": "merchant_id", "ref": "12303"}
_BACKENDS: Final = IDENTITIES[1].to_context()
_BODIES: Final = (
    publish(id="an-id"),
    publish(message="café 💳 \ufffd", amount=1e-7),
    publish(**(captured("http_publish") | {"requestContext": {"authorizer": _BACKENDS}})),
    without(PUBLISHED, "client"),
    subscribe(since="2026-11-23T09:30:00.125+00:00"),
    json.dumps(_TOPIC),
    json.dumps({**_TOPIC, "ref": 2, "since": "9999-12-31T23:59:59Z", "client": 1}),
)

_ENCODINGS: Final = ("utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "utf-7")
_CODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "none": bytes,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "base64": lambda data: base64_of(data).encode(),
    "reversed": lambda data: data[::-1],
}
_BYTES: Final = (
    *(b"\xff", b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f\x92", b"\xf5\x80\x80\x80"),
    *(b"\xef\xbb\xbf", b"\xef\xbf\xbd", b"\x00", b""),
)

_CONTENT_TYPES: Final = (
    *(None, "application/json", "application/json; charset=latin-1", "text/plain"),
    *("application/x-www-form-urlencoded", "application/octet-stream", "multipart/form-data", ""),
)
_ORIGINS: Final[dict[str, bool]] = {
    "": True,
    ORIGIN: True,
    ORIGIN.upper(): True,
    f"https://{captured('http_publish')['headers']['host']}": True,  # the API's own
    "null": False,
    "https://elsewhere.example": False,
    f"{ORIGIN},https://elsewhere.example": False,  # given twice
    f"{ORIGIN}, {ORIGIN}": False,
    f"{ORIGIN}.elsewhere.example": False,
    f"{ORIGIN}:8443": False,
    "http://[::1]:3000": False,
    "http://[": False,
    "*": False,
    "https://*.example.com": False,
    "https://pay.example.com\u212a": False,
}
"""Of each, whether the stage answers its pages; an empty one is none."""

_ROUTE: Final = st.sampled_from((PUBLISH, PUBLISH, POLL))
_OTHER_ROUTE: Final = st.sampled_from(("$default", "GET /publish", "POST /publish/", "", "ANY /"))
_FIELDS: Final = st.sampled_from(
    (
        {"version": "1.0"},
        {"version": 2.0},
        {"queryStringParameters": {"client": "backend", "ref": "1"}, "rawQueryString": "ref=1"},
        {"rawPath": "/prod/notifications", "cookies": ["token=a.b.c"], "stageVariables": None},
    )
)


@st.composite
def _bodies(draw: Draw) -> bytes:
    if draw(st.booleans()) and draw(st.booleans()):
        text = draw(FRAME)
    else:
        text = draw(st.sampled_from(_BODIES))
        text = text if draw(MOSTLY) else changed(draw, text)
    if draw(MOSTLY):
        body = text.encode(errors="surrogatepass")
    else:
        body = text.encode(draw(st.sampled_from(_ENCODINGS)), errors="replace")
    if not draw(MOSTLY):
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.sampled_from(_BYTES)) + body[at:]
    return body if draw(MOSTLY) else _CODINGS[draw(st.sampled_from(list(_CODINGS)))](body)


@st.composite
def _requests(draw: Draw) -> HttpRequest:
    context: Any = _BACKENDS if draw(st.booleans()) else draw(CONTEXTS)
    if not draw(MOSTLY):
        context = changed_value(draw, context)
    origin = "" if draw(MOSTLY) else draw(st.sampled_from(list(_ORIGINS)))
    content_type = draw(st.sampled_from(_CONTENT_TYPES))
    given: dict[str, Any] = {"content-type": content_type, "origin": origin or None}
    return HttpRequest(
        route=draw(_ROUTE) if draw(MOSTLY) else draw(_OTHER_ROUTE | _ROUTE),
        body=draw(_bodies()),
        context=context,
        headers={name: value for name, value in given.items() if value is not None},
        listed=_ORIGINS[origin],
        counted=draw(MOSTLY),
        event_fields=None if draw(MOSTLY) else draw(_FIELDS),
    )


REQUESTS: Final = _requests()

REQUEST_SEEDS: Final = [
    HttpRequest(route, text.encode(errors="surrogatepass"), _BACKENDS, {})
    for route in (PUBLISH, POLL)
    for text in SEEDS["frames"]
]
