"""Exceptions, addresses and tokens: values that callers give and get."""

import pickle
import time
import traceback
from functools import partial

import jwt
import pytest

from tests.clients.python.kit.frames import notification
from ws_notify import (
    AsyncClient,
    Client,
    ClosedError,
    ConnectionLostError,
    DeadlineError,
    HandshakeError,
    Notification,
    RefusedError,
    TokenError,
    WsNotifyError,
    mint_token,
)
from ws_notify.core import frames
from ws_notify.fields import build_topics
from ws_notify.tokens import MAX_FRONTEND_TOKEN, seconds_until_expiry
from ws_notify.transport.errors import map_exception
from ws_notify.transport.fragments import fragments

KEY = "k" * 32
REFUSED = RefusedError("No", code="forbidden", field="ref", request_id="r-1")


@pytest.mark.parametrize(
    "error",
    [
        REFUSED,
        HandshakeError(401),
        ConnectionLostError("gone", 1001),
        TokenError("none"),
        DeadlineError("n-1", 2.0, REFUSED),
        ClosedError("closed"),
    ],
    ids=lambda error: error.code,
)
def test_an_error_survives_pickling_with_every_attribute(error: WsNotifyError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
    for name in ("code", "field", "retryable", "request_id"):
        assert getattr(copy, name) == getattr(error, name)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (REFUSED, "forbidden: No (request r-1)"),
        (HandshakeError(401), "HTTP 401. The token is missing or invalid"),
        (HandshakeError(403), "a path segment after the stage is rejected"),
        (HandshakeError(404), "Is this the URL of the service?"),
        (HandshakeError(503), "HTTP 503. It may be transient"),
        (DeadlineError("n-1", 2.0, None), "No receipt within 2 s. Try again with id='n-1'"),
        (DeadlineError("n-1", 2.0, REFUSED), "the last try: forbidden: No (request r-1)"),
    ],
)
def test_an_error_message_contains_the_remedy(error: WsNotifyError, text: str) -> None:
    assert text in str(error)


def test_a_network_error_is_mapped_with_its_cause() -> None:
    cause = OSError("unreachable")
    failure = map_exception(cause)
    assert isinstance(failure, ConnectionLostError)
    assert failure.__cause__ is cause
    assert str(failure) == "The connection could not be opened: OSError: unreachable"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/dev?token=secret",
        "example.com",
        "",
        "wss://",
        "wss://?secret",
        "wss://name:secret/dev",
        "wss://name:secret@[::1/dev",
        "https://name:secret@example.com/dev",
        "secret.secret.secret",
        "wss://name:secret@example.com:99999/dev",
    ],
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_invalid_url_is_rejected_at_once(
    kind: type[Client] | type[AsyncClient], url: str
) -> None:
    with pytest.raises(ValueError, match="Not the URL of a stage") as raised:
        kind(url)
    assert "secret" not in "".join(traceback.format_exception(raised.value))


def test_the_repr_of_an_endpoint_hides_the_token() -> None:
    client = Client("wss://example.com/dev?token=secret", token="secret")  # noqa: S106 - of nothing
    assert "secret" not in repr(client._endpoint)  # noqa: SLF001 - what a log may print


@pytest.mark.parametrize("text", ["short", "a" * 40_000, "\N{GRINNING FACE}" * 30_000])
def test_a_text_is_cut_into_fragments_that_the_gateway_accepts(text: str) -> None:
    cut = fragments(text)
    parts = [cut] if isinstance(cut, str) else cut
    assert "".join(parts) == text
    assert max(len(part.encode()) for part in parts) <= 32 * 1024


def test_a_notification_has_every_published_field() -> None:
    received = frames.read(notification(12303, amount="10.100"))
    assert isinstance(received, Notification)
    assert (received.ref, received.status, received.data["amount"]) == (12303, "done", "10.100")
    assert received.topic.key == ("shop", "12303")


@pytest.mark.parametrize("ref", [True, 1.0, None, b"1"])
def test_an_invalid_ref_is_rejected_at_once(ref: object) -> None:
    with pytest.raises(TypeError, match=r"ref must be a string|ref cannot be written"):
        build_topics("shop", [ref])  # type: ignore[list-item] # what is tested


def test_a_subscribe_without_a_ref_is_rejected_at_once() -> None:
    with pytest.raises(ValueError, match="needs a ref"):
        Client("wss://example.com/dev").subscribe("shop")


def test_a_minted_token_has_the_claims() -> None:
    token = mint_token(KEY, "first", client="frontend", merchant_id="shop", ref=[7, "8"])
    assert jwt.get_unverified_header(token)["kid"] == "first"
    claims = jwt.decode(token, KEY, algorithms=["HS256"])
    end = claims.pop("exp")
    assert abs(end - time.time() - 3600) < 60
    assert claims == {"client": "frontend", "merchant_id": "shop", "ref": ["7", "8"]}
    assert 3500 < (seconds_until_expiry(token) or 0) <= 3600


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ref": None}, "ref is missing"),
        ({"ref": []}, "1 to 20 refs"),
        ({"ref": [str(number) for number in range(21)]}, "1 to 20 refs"),
        ({"ref": ["1", ""]}, "ref must be a string without"),
        ({"client": "server"}, "'frontend' or 'backend'"),
        ({"merchant_id": ""}, "merchant_id must be a string of 1 to 128"),
        ({"lifetime": 0}, "1 to 86400"),
        ({"lifetime": 86_401}, "1 to 86400"),
        ({"ref": bytearray(b"7")}, "ref cannot be written"),
        ({"client": "backend", "ref": [f"{n:x<345}" for n in range(20)]}, "ref is too long"),
        ({"client": "backend", "ref": [f"{n:é<60}" for n in range(20)]}, "ref is too long"),
        ({"kid": ""}, "both needed"),
        ({"kid": 7}, "kid must be a string"),
        ({"kid": "\ud800"}, "kid holds half"),
        ({"kid": "current"}, "only names its kid"),
        ({"key": "k" * 31}, "key is too short"),
        ({"key": "ssh-rsa " + "k" * 32}, "key cannot sign"),
        ({"key": "\ud800" * 32}, "key cannot sign"),
    ],
)
def test_invalid_claims_are_not_minted(changed: dict[str, object], message: str) -> None:
    good = {"key": KEY, "kid": "first", "client": "frontend", "merchant_id": "shop", "ref": "7"}
    with pytest.raises((ValueError, TypeError), match=message):
        mint_token(**{**good, **changed})  # type: ignore[arg-type] # what is tested


def test_a_frontends_token_that_does_not_fit_into_a_url_is_not_minted() -> None:
    mint = partial(mint_token, KEY, "first", merchant_id="shop")
    refs = [str(number) * 32 for number in range(1000, 1020)]
    fitting = mint(client="frontend", ref=refs)
    refs[0] += "x" * ((MAX_FRONTEND_TOKEN - len(fitting)) * 3 // 4)  # base64
    longest = mint(client="frontend", ref=refs)
    assert MAX_FRONTEND_TOKEN - 2 <= len(longest) <= MAX_FRONTEND_TOKEN
    refs[0] += "xxx"
    with pytest.raises(ValueError, match=r"80\d characters.*3800: name fewer or shorter refs"):
        mint(client="frontend", ref=refs)
    assert len(mint(client="backend", ref=refs)) > MAX_FRONTEND_TOKEN


def test_a_backends_token_may_name_as_much_as_the_service_hands_on() -> None:
    refs = [f"{number:x<333}" for number in range(20)]
    assert mint_token(KEY, "first", client="backend", merchant_id="m" * 120, ref=refs)


def test_a_backends_token_without_a_ref_has_no_ref_claim() -> None:
    token = mint_token(KEY, "first", client="backend", merchant_id="shop")
    assert "ref" not in jwt.decode(token, KEY, algorithms=["HS256"])


@pytest.mark.parametrize("token", ["opaque", jwt.encode({}, KEY), jwt.encode({"exp": "x"}, KEY)])
def test_a_token_without_an_expiry_has_none(token: str) -> None:
    assert seconds_until_expiry(token) is None
