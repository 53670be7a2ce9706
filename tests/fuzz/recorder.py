"""A storage and a sender that only record, and the shipped Handler over them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lambdas.layer.handler import Handler
from lambdas.layer.items import StoredNotification
from lambdas.layer.post import Outcome, PostResult
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.sender import Delivery
from tests.kit.tokens import NOW

REQUEST_ID = "a-request"


@dataclass(slots=True)
class Recorder:
    """Storage, lookup and sender at once: the topics of all calls, the texts stored and posted."""

    topics: list[Topic] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def handler(self) -> Handler:
        """Return a Handler over this recorder; its clock stands at NOW."""
        recorder: Any = self
        return Handler(recorder, recorder, clock=lambda: NOW * 1000)

    def resolve_credentials(self) -> None:
        pass

    def put_notification(self, topic: Topic, notification: StoredNotification) -> None:
        self.topics.append(topic)
        self.texts.append(notification.text)

    @contextmanager
    def begin_lookup(self, topic: Topic) -> Iterator["Recorder"]:
        self.topics.append(topic)
        yield self

    def batches(self) -> list[dict[str, int]]:
        return [{"a-subscriber": 0}]

    def subscribe(self, _connection_id: str, topic: Topic, *_expiry: int | None) -> None:
        self.topics.append(topic)

    def notifications(
        self, topic: Topic, _after_ms: int, *, spare: int = 0
    ) -> list[StoredNotification]:
        del spare
        self.topics.append(topic)
        return []

    def unsubscribe(self, topic: Topic, _connection_ids: Collection[str]) -> None:
        self.topics.append(topic)

    def broadcast(self, batches: Iterable[Mapping[str, int]], text: str) -> Delivery:
        self.texts.append(text)
        return Delivery(accepted=sum(map(len, batches)), gone=(), failed=0)

    def replay(self, connection_id: str, texts: Iterable[str], _expires_at_ms: int) -> PostResult:
        self.texts.extend(texts)
        return PostResult(connection_id, Outcome.ACCEPTED)
