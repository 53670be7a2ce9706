"""The rules of docs/protocol.md, read a second time: which tokens are valid, and which replies.

Tokens are verified here without PyJWT.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from lambdas.layer.auth.principal import Identity, Principal
from lambdas.layer.protocol.topic import Topic
from tests.fuzz.recorder import REQUEST_ID, Recorder

_DAY: Final = 24 * 60 * 60
_MAX_REFS: Final = 20
_MERCHANT: Final = re.compile("[A-Za-z0-9._:-]{1,128}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_REF_BYTES: Final = 512
_MAX_INTEGER: Final = 2**53 - 1
_NBF_LEEWAY: Final = 60
_CONTEXT_BYTES: Final = 7_000
_NOTIFICATION_BYTES: Final = 128 * 1024
_CODES: Final = {"invalid_json", "invalid_message", "too_large", "forbidden"}
_ERROR: Final = {"client", "type", "code", "message", "retryable", "request_id"}
_FIELD: Final = re.compile("[a-z_]{1,20}")
_ROLES: Final = {
    "receipt": {"backend"},
    "subscribed": {"frontend"},
    "unsubscribed": {"frontend"},
    "notifications": {"backend", "frontend"},
}
"""Who may get such a reply."""


class BrokenRuleError(AssertionError):
    """The service did what it never may; the text says what."""


def require(holds: object, what: str) -> None:
    """Raise BrokenRuleError unless it holds."""
    if not holds:
        raise BrokenRuleError(what)


# -- tokens


def identity_of(token: str, keys: Mapping[str, str], now: float) -> Identity | None:
    """Return the identity that a token proves, None for an invalid one; `now` in seconds."""
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(_bytes(head)), json.loads(_bytes(body))
        key = keys[header["kid"]].encode()
        if header["alg"] != "HS256" or "crit" in header or header.get("b64") is False:
            return None
        good = hmac.digest(key, f"{head}.{body}".encode(), hashlib.sha256)
        if not hmac.compare_digest(good, _bytes(signature)):
            return None
        return _claimed(claims, now)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _claimed(claims: dict[str, Any], now: float) -> Identity | None:
    client, merchant_id, exp = claims["client"], claims["merchant_id"], claims["exp"]
    begins = claims.get("nbf", 0)
    refs = claims.get("ref", [])
    refs = [_as_text(ref) for ref in (refs if isinstance(refs, list) else [refs])]
    if (
        client not in {"frontend", "backend"}
        or not _MERCHANT.fullmatch(merchant_id)
        or isinstance(exp, bool)
        or not now < exp <= now + _DAY
        or isinstance(begins, bool)
        or not begins <= now + _NBF_LEEWAY
        or not all(map(_is_ref, refs))
        or len(refs) > _MAX_REFS
        or (not refs and (client == "frontend" or "ref" in claims))
    ):
        return None
    identity = Identity(client, merchant_id, frozenset(refs) if refs else None, int(exp) * 1000)
    return identity if len(json.dumps(identity.to_context())) <= _CONTEXT_BYTES else None


def _as_text(ref: Any) -> Any:
    return str(ref) if type(ref) is int and abs(ref) <= _MAX_INTEGER else ref


def _is_ref(ref: Any) -> bool:
    """Tell whether it is a ref; raises UnicodeEncodeError for half a surrogate pair."""
    return isinstance(ref, str) and 0 < len(ref.encode()) <= _REF_BYTES and not _CONTROL.search(ref)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


# -- replies


def checked(
    reply: Any, text: str, did: Recorder, principal: Principal, request_id: str = REQUEST_ID
) -> str:
    """Return the kind of the reply to a frame: its type, or its code if it is an error.

    Raises BrokenRuleError for a reply, or an effect, that this frame of this principal may not
    have.
    """
    require(isinstance(reply, dict) and reply.get("client") == "server", f"no reply: {reply!r}")
    if reply["type"] == "error":
        _check_rejection(reply, did, request_id)
        return str(reply["code"])
    frame = json.loads(text)
    if reply["type"] == "pong":
        require(not did.topics, "a ping touched the storage")
        return "pong"
    merchant_id, ref = frame["merchant_id"], frame["ref"]
    require(_MERCHANT.fullmatch(merchant_id), f"the merchant {merchant_id!r} was accepted")
    touched = {(topic.merchant_id, str(topic.ref)) for topic in did.topics}
    require(touched == {(merchant_id, str(ref))}, f"another topic was touched: {touched}")
    if principal is not None:
        if not isinstance(principal, Identity):
            raise BrokenRuleError(f"{principal} got {reply['type']}")
        may = principal.client in _ROLES[reply["type"]] and principal.merchant_id == merchant_id
        allowed = may and (principal.refs is None or str(ref) in principal.refs)
        require(allowed, f"{principal} got {reply['type']}")
    if reply["type"] == "notifications":
        require(did.topics == [Topic(merchant_id, ref)], "a poll did more than one read")
        require(not did.texts, "a poll stored or posted something")
    _check_notifications(frame, did, request_id)
    return str(reply["type"])


def _check_rejection(reply: dict[str, Any], did: Recorder, request_id: str) -> None:
    require(not did.topics and not did.texts, "a rejected frame had an effect")
    require(reply["code"] in _CODES, f"the code {reply['code']}: {reply}")
    require(reply.keys() - {"field"} == _ERROR, f"the fields {sorted(reply)}")
    require(reply["retryable"] is False, "a rejected frame is retryable")
    require(reply["request_id"] == request_id, "another request_id")
    require(isinstance(reply["message"], str) and reply["message"], "no message")
    require(_FIELD.fullmatch(reply.get("field", "a")), f"the field {reply.get('field')!r}")


def _check_notifications(frame: dict[str, Any], did: Recorder, request_id: str) -> None:
    for text in did.texts:
        sent = json.loads(text)
        require(len(text.encode()) <= _NOTIFICATION_BYTES, "a notification is too large")
        require(isinstance(sent.pop("sent_at"), str), "no sent_at")
        require(sent.pop("id") == frame.get("id", request_id), "another id")
        content = {name: frame[name] for name in frame if name not in {"id", "sent_at"}}
        require(json.dumps(sent) == json.dumps(content), "the content was changed")
