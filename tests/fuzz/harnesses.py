"""What an input is given to: the parts of the service that strangers reach.

A harness returns in a word what came of its input, and raises BrokenRuleError where a rule of the
oracle is broken. No other exception may come out of it either.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from lambdas.layer.auth.principal import Identity, principal
from lambdas.layer.auth.tokens import InvalidToken, verify
from lambdas.layer.aws_events import PublishRefusedError, is_wrapped
from tests.fuzz.functions import CONTEXT, functions, invoke
from tests.fuzz.http_requests import authorization, request
from tests.fuzz.oracle import checked, identity_of, require
from tests.fuzz.recorder import REQUEST_ID, Recorder
from tests.kit.events import captured
from tests.kit.tokens import KEYS, NOW

_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+\.){2}[A-Za-z0-9_-]+")
"""A token in the form of RFC 7515, section 7.1."""

_EXPIRES_AT: Final = (NOW + 3600) * 1000
IDENTITIES: Final = (
    Identity("frontend", "merchant_id", frozenset({"12303", "2"}), _EXPIRES_AT),
    Identity("backend", "merchant_id", None, _EXPIRES_AT),
    Identity("backend", "shop", frozenset({"1"}), _EXPIRES_AT),
)
PRINCIPALS: Final = (None, *IDENTITIES)
_MAX_REASON: Final = 50
_MESSAGE: Final = captured("message")
_AUTHORIZE: Final = captured("authorize")


@dataclass(frozen=True, slots=True)
class Event:
    """A frame that reaches `default`, and the authorizer's context beside it."""

    context: Any
    body: str | None


@dataclass(frozen=True, slots=True)
class Handshake:
    """Headers, and parameters of the query string."""

    headers: dict[str, str]
    query: dict[str, str]

    @property
    def tokens(self) -> list[str]:
        """All that may be one; the header's scheme is left out."""
        given = [text for name, text in self.headers.items() if name.lower() == "authorization"]
        named = [text.strip().partition(" ")[2].strip() for text in given]
        return [*named, self.query.get("token", "")]


def frame(text: str) -> str:
    """Give a frame to the Handler, from each kind of principal."""
    kinds = []
    for who in PRINCIPALS:
        did = Recorder()
        reply = did.handler().handle("a-connection", text, request_id=REQUEST_ID, principal=who)
        kinds.append(checked(reply, text, did, who))
    return kinds[0]


def token(text: str) -> str:
    """Give a token to the verifier and to the oracle, which must agree.

    Where the text is not in the form of RFC 7515, the verifier may be stricter.
    """
    expected = identity_of(text, KEYS, NOW)
    try:
        identity = verify(text, KEYS.get, NOW)
    except InvalidToken as bad:
        require(len(bad.reason) < _MAX_REASON, f"a reason that may hold the token: {bad.reason}")
        valid = expected is not None and _COMPACT.fullmatch(text)
        require(not valid, f"{expected} was rejected: {bad.reason}")
        return "rejected"
    require(identity == expected, f"{identity} was accepted instead of {expected}")
    return "accepted"


def event(sent: Event | Any) -> str:
    """Give `default` a frame as API Gateway does, or a payload as a direct invoker does."""
    function, did = functions()["default"], Recorder()
    function.HANDLER = did.handler()
    if not isinstance(sent, Event):
        return _direct(function, sent, did)
    invocation = {"requestId": REQUEST_ID, "authorizer": sent.context}
    request = _MESSAGE["requestContext"] | invocation
    message = _MESSAGE | {"requestContext": request, "body": sent.body}
    response = invoke(function, message)
    require(response.keys() == {"statusCode", "body"}, f"the response {response}")
    reply = json.loads(response["body"])
    context = sent.context if isinstance(sent.context, dict) else {}
    who = principal(context, required=True)
    if not isinstance(who, Identity):
        require(reply.get("code") == "forbidden", f"no token, but the reply {reply}")
    return checked(reply, sent.body or "", did, who)


def _direct(function: Any, payload: Any, did: Recorder) -> str:
    wrapped = is_wrapped(payload)
    try:
        reply = invoke(function, payload)
    except PublishRefusedError:
        require(wrapped, "a rejected frame was not answered")
        require(not did.topics and not did.texts, "a rejected publish had an effect")
        return "rejected"
    require(not wrapped or reply["type"] == "receipt", f"a rejected publish did not fail: {reply}")
    frame = {"client": "backend", **payload["publish"]} if wrapped else payload
    return checked(reply, json.dumps(frame), did, None, CONTEXT.aws_request_id)


def handshake(sent: Handshake) -> str:
    """Give a handshake to `connect` and to the authorizer, and its tokens to the oracle.

    Its headers also go to the authorizer as those of a request over HTTPS.
    """
    authorization(sent.headers)
    event = _AUTHORIZE | {"headers": sent.headers, "queryStringParameters": sent.query or None}
    event["requestContext"] = event["requestContext"] | {"eventType": "CONNECT"}
    status = invoke(functions()["connect"], event)["statusCode"]
    require(status in {200, 403}, f"the status {status}")
    try:
        policy = invoke(functions()["authorizer"], event)
    except Exception as error:  # noqa: BLE001 - API Gateway knows it by its text alone
        require(str(error) == "Unauthorized", f"{type(error).__name__}: {error}")
        return "rejected"
    valid = [identity_of(text, KEYS, NOW) for text in sent.tokens]
    contexts = [identity.to_context() for identity in valid if identity is not None]
    require(policy["context"] in contexts, f"{policy['context']} was accepted")
    return "accepted"


HARNESSES: Final[dict[str, Callable[[Any], str]]] = {
    "frames": frame,
    "tokens": token,
    "events": event,
    "handshakes": handshake,
    "requests": request,
}
