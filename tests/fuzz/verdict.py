"""Judging what came of an input: what a refusal must look like, and what may have been done."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from lambdas.layer.auth.principal import Identity
from lambdas.layer.handler import Handler
from lambdas.layer.items import StoredNotification
from lambdas.layer.post import Outcome, PostResult
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.sender import Delivery, Sender
from tests.kit.tokens import NOW

if TYPE_CHECKING:
    from lambdas.layer.storage import Storage

REQUEST: Final = "a-request"

_CODES: Final = {"invalid_json", "invalid_message", "too_large", "forbidden"}
_ERROR: Final = {"client", "type", "code", "message", "retryable", "request_id"}
_FIELD: Final = re.compile("[a-z_]{1,20}")
_MERCHANT: Final = re.compile("[A-Za-z0-9._:-]{1,128}")
_MOST_BYTES: Final = 128 * 1024


class BrokenError(AssertionError):
    """The code did what it never may; its text says what."""


def require(holds: object, what: str) -> None:
    """Raise BrokenError unless it holds."""
    if not holds:
        raise BrokenError(what)


@dataclass(slots=True)
class Recorder:
    """A storage and a sender of which only the touched topics and the sent texts remain."""

    topics: list[Topic] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def resolve_credentials(self) -> None:
        """Storage; it has no topic."""

    def put_notification(self, topic: Topic, notification: StoredNotification) -> None:
        """Storage."""
        self.topics.append(topic)
        self.texts.append(notification.text)

    @contextmanager
    def begin_lookup(self, topic: Topic) -> Iterator["Recorder"]:
        """Storage."""
        self.topics.append(topic)
        yield self

    def batches(self) -> list[dict[str, int]]:
        """Of its lookup."""
        return [{"a-subscriber": 0}]

    def subscribe(self, _id: str, topic: Topic, _until: int, _token_end: int | None) -> None:
        """Storage."""
        self.topics.append(topic)

    def notifications(self, topic: Topic, _after_ms: int) -> list[StoredNotification]:
        """Storage."""
        self.topics.append(topic)
        return []

    def unsubscribe(self, topic: Topic, _ids: Collection[str]) -> None:
        """Storage."""
        self.topics.append(topic)

    def broadcast(self, batches: Iterable[Mapping[str, int]], text: str) -> Delivery:
        """Sender."""
        self.texts.append(text)
        return Delivery(accepted=sum(map(len, batches)), gone=(), failed=0)

    def replay(self, connection_id: str, texts: Iterable[str], _until: int) -> PostResult:
        """Sender."""
        self.texts.extend(texts)
        return PostResult(connection_id, Outcome.ACCEPTED)


def handler(did: Recorder) -> Handler:
    """Return the shipped one over a recorder, at the time of the tests."""
    storage, sender = cast("Storage", did), cast("Sender", did)
    return Handler(storage, sender, clock=lambda: NOW * 1000)


def judged(
    reply: Any, text: str, did: Recorder, principal: Identity | None, *, request_id: str = REQUEST
) -> str:
    """Return the kind of an answer to a frame, an error's code among them.

    Raises BrokenError for an answer that it may not get, and for what else was done.
    """
    require(isinstance(reply, dict) and reply.get("client") == "server", f"no answer: {reply!r}")
    if reply["type"] == "error":
        _require_refusal(reply, did, request_id)
        return str(reply["code"])
    frame = json.loads(text)
    if reply["type"] == "pong":
        require(not did.topics, "a ping touched the storage")
        return "pong"
    merchant_id, ref = frame["merchant_id"], frame["ref"]
    require(_MERCHANT.fullmatch(merchant_id), f"the merchant {merchant_id!r} was let through")
    require(
        {(topic.merchant_id, str(topic.ref)) for topic in did.topics} == {(merchant_id, str(ref))},
        f"another topic was touched: {did.topics}",
    )
    if principal is not None:
        role = "frontend" if reply["type"] in {"subscribed", "unsubscribed"} else "backend"
        allowed = principal.refs is None or str(ref) in principal.refs
        who = (principal.client, principal.merchant_id, allowed)
        require(who == (role, merchant_id, True), f"{principal} was let do {reply['type']}")
    _require_said(frame, did, request_id)
    return str(reply["type"])


def _require_refusal(reply: dict[str, Any], did: Recorder, request_id: str) -> None:
    require(not did.topics and not did.texts, "a refused frame did something")
    require(reply["code"] in _CODES, f"the code {reply['code']}: {reply}")
    require(reply.keys() - {"field"} == _ERROR, f"the fields {sorted(reply)}")
    require(reply["retryable"] is False, "what was refused is no better the next time")
    require(reply["request_id"] == request_id, "the request's id is another")
    require(isinstance(reply["message"], str) and reply["message"], "no message")
    require(_FIELD.fullmatch(reply.get("field", "a")), f"the field {reply.get('field')!r}")


def _require_said(frame: dict[str, Any], did: Recorder, request_id: str) -> None:
    for text in did.texts:
        said = json.loads(text)
        require(len(text.encode()) <= _MOST_BYTES, "a notification is too large")
        require(isinstance(said.pop("sent_at"), str), "no sent_at")
        require(said.pop("id") == frame.get("id", request_id), "another id")
        sent = {name: frame[name] for name in frame if name not in {"id", "sent_at"}}
        require(json.dumps(said) == json.dumps(sent), "what is sent is not what was said")
