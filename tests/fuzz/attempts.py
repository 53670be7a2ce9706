"""What an input is handed to: each attempt is a part of the service that strangers can reach.

An attempt returns in a word what came of the input, and raises BrokenError for what never may.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from lambdas.layer import gateway
from lambdas.layer.auth.principal import Identity, principal
from lambdas.layer.auth.tokens import InvalidToken, verify
from tests.fuzz import seeds
from tests.fuzz.changes import changed_json, changed_text
from tests.fuzz.functions import functions as loaded
from tests.fuzz.oracle import identity_of
from tests.fuzz.verdict import REQUEST, Recorder, handler, judged, require
from tests.kit.events import captured
from tests.kit.tokens import KEYS, NOW, b64, signed

Change = Callable[[str, list[str], Random], str]
_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+\.){2}[A-Za-z0-9_-]+")
_END: Final = (NOW + 3600) * 1000
_BEARERS: Final = (
    None,
    Identity("frontend", "merchant_id", frozenset({"12303", "2"}), _END),
    Identity("backend", "merchant_id", None, _END),
    Identity("backend", "shop", frozenset({"1"}), _END),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Its seeds, how an input is altered, what it is given to, whether an input is JSON."""

    seeds: tuple[str, ...]
    change: Change
    try_: Callable[[str], str]
    is_json: Callable[[str], bool]


def frame(text: str) -> str:
    """Hand a frame to the shipped Handler, over a recorder, from each kind of principal."""
    kinds = []
    for who in _BEARERS:
        did = Recorder()
        reply = handler(did).handle("a-connection", text, request_id=REQUEST, principal=who)
        kinds.append(judged(reply, text, did, who))
    return kinds[0]


def token(text: str) -> str:
    """Hand a token to the shipped verifier, and what it makes of it to the oracle.

    Where the text is not what RFC 7515 says, the verifier may be stricter than the oracle.
    """
    try:
        identity = verify(text, KEYS.get, NOW)
    except InvalidToken as bad:
        require(len(bad.reason) < 50, f"a reason that may hold a part of it: {bad.reason}")
        kept_out = identity_of(text, KEYS, NOW) if _COMPACT.fullmatch(text) else None
        require(kept_out is None, f"{kept_out} was refused by {text!r}: {bad.reason}")
        return "refused"
    require(identity == identity_of(text, KEYS, NOW), f"{identity} was let in by {text!r}")
    return "let in"


def event(text: str) -> str:
    """Hand a frame, or a whole invocation, to `default` as API Gateway and as a backend would."""
    functions = loaded()
    sent = json.loads(text)
    functions.did.topics.clear()
    functions.did.texts.clear()
    if not isinstance(sent, dict) or "context" not in sent:
        reply = functions.default(sent)
        return judged(reply, text, functions.did, None, request_id=functions.request_id)
    message = captured("message")
    message["requestContext"] |= {"requestId": REQUEST, "authorizer": sent["context"]}
    body = sent.get("body")
    if not isinstance(body, str | None):
        body = json.dumps(body)  # API Gateway hands over texts
    response = functions.default(message | {"body": body})
    require(response.keys() == {"statusCode", "body"}, f"the response {response}")
    reply = json.loads(response["body"])
    who = principal(gateway.authorizer(message), required=True)
    if not isinstance(who, Identity):
        require(reply.get("code") == "forbidden", f"nobody was answered {reply}")
    return judged(reply, body or "", functions.did, who if isinstance(who, Identity) else None)


def handshake(text: str) -> str:
    """Hand headers and a query to the authorizer and to `connect`."""
    functions, sent = loaded(), json.loads(text)
    headers, query = _texts(sent, "headers"), _texts(sent, "query")
    event = captured("authorize") | {"headers": headers, "queryStringParameters": query or None}
    event["requestContext"]["eventType"] = "CONNECT"
    status = functions.connect(event)["statusCode"]
    require(status in {200, 403}, f"the status {status}")
    try:
        policy = functions.authorizer(event)
    except Exception as error:  # noqa: BLE001 - its text is what API Gateway looks at
        require(str(error) == "Unauthorized", f"{type(error).__name__}: {error}")
        return "refused"
    given = [value for name, value in headers.items() if name.lower() == "authorization"]
    candidates = [
        *(value.strip().partition(" ")[2].strip() for value in given),
        query.get("token", ""),
    ]
    contexts = [who.to_context() for who in map(_identity, candidates) if who is not None]
    require(policy["context"] in contexts, f"{policy['context']} was let in")
    return "let in"


def _identity(token: str) -> Identity | None:
    return identity_of(token, KEYS, NOW)


def _texts(sent: Any, name: str) -> dict[str, str]:
    """Return what API Gateway would hand over: names and values that are texts."""
    found = sent.get(name) if isinstance(sent, dict) else None
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _change_json(text: str, others: list[str], random: Random) -> str:
    if random.random() < 0.6:
        return changed_json(text, random)
    return changed_text(text, others, random)


def _change_token(text: str, others: list[str], random: Random) -> str:
    """Alter header or claims and sign anew, mostly with a key of the stage; or alter the text."""
    parts = seeds.parts(text)
    if parts is None or random.random() < 0.2:
        return changed_text(text, others, random)
    header, payload = parts
    if random.random() < 0.5:
        header = _change_json(header, [header], random)
    else:
        payload = _change_json(payload, [payload], random)
    data = (header.encode(errors="replace"), payload.encode(errors="replace"))
    key, digest = random.choice((*KEYS.values(), "k" * 32)), random.choice(("HS256", "HS512"))
    if random.random() < 0.8:
        key, digest = _key_of(header), "HS256"
    if random.random() < 0.05:
        return f"{b64(data[0])}.{b64(data[1])}."
    return signed(*data, key, digest)


def _key_of(header: str) -> str:
    try:
        return KEYS[json.loads(header)["kid"]]
    except (ValueError, RecursionError, TypeError, KeyError):
        return KEYS["first"]


def is_json(text: str) -> bool:
    """Tell whether a text is JSON, in Python's generous sense."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _are_json(text: str) -> bool:
    parts = seeds.parts(text)
    return parts is not None and all(map(is_json, parts))


def _change_value(text: str, _others: list[str], random: Random) -> str:
    return changed_json(text, random)


ATTEMPTS: Final[Mapping[str, Attempt]] = {
    "frames": Attempt(seeds.FRAMES, _change_json, frame, is_json),
    "tokens": Attempt(seeds.TOKENS, _change_token, token, _are_json),
    "events": Attempt(seeds.EVENTS, _change_value, event, is_json),
    "handshakes": Attempt(seeds.HANDSHAKES, _change_value, handshake, is_json),
}
