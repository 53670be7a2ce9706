"""Handling a request: parse, decide, reply. Every exception becomes a reply here, and only here."""

import json
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import uuid4

from lambdas.layer import items, limits, polling, storage
from lambdas.layer.auth.permissions import authorize, require_unexpired
from lambdas.layer.auth.principal import Identity, Principal
from lambdas.layer.items import StoredNotification
from lambdas.layer.post import Outcome
from lambdas.layer.protocol import replies
from lambdas.layer.protocol.clock import Clock, system_clock, to_rfc3339
from lambdas.layer.protocol.errors import InvalidMessage, RejectedRequest, TooLarge
from lambdas.layer.protocol.frames import (
    Ping,
    Poll,
    Publish,
    Request,
    Subscribe,
    Unsubscribe,
    parse,
)
from lambdas.layer.protocol.replies import Frame
from lambdas.layer.protocol.topic import Topic
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage

MAX_NOTIFICATION = 128 * 1024
"""Bytes of UTF-8: API Gateway's quota for a message."""

_ANOTHER_CONTENT = "this id was used for other content; give each content its own"

log = logging.getLogger("ottu-ws-notify.handler")


class ReplayError(RuntimeError):
    """A replay broke off: a post to the subscriber failed; carries the `reason`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"a post to the subscriber failed: {reason}")


class StoredLateError(RuntimeError):
    """A process was suspended: a replay might leave out what was stored so long after `sent_at`."""

    def __init__(self, late: int) -> None:
        super().__init__(
            f"the notification was stored {late} ms after its sent_at, not within "
            f"{limits.STORED_WITHIN_MS}; publish it again, with the same id"
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request; its fields are the parameters of `Handler.handle`."""

    connection_id: str | None
    request_id: str
    connected_at: int | None
    principal: Principal


class Handler:
    """Handles frames, and returns the reply to their sender."""

    def __init__(self, storage: Storage, sender: Sender, *, clock: Clock = system_clock) -> None:
        self._storage = storage
        self._sender = sender
        self._clock = clock

    def handle(
        self,
        connection_id: str | None,
        message: str,
        *,
        request_id: str | None = None,
        connected_at: int | None = None,
        principal: Principal = None,
    ) -> Frame | None:
        """Handle a frame and return the reply; None where the connection is gone.

        `connection_id` is None for a caller that has no connection: it may publish. `request_id`
        finds the call in the logs and is the notification's id where the frame names none.
        `connected_at`: when the connection opened, in milliseconds since 1970; now if unknown.
        `principal`: by the connection's token.

        Raises nothing: a rejection or a failure is an `error` frame.
        """
        caller = Caller(connection_id, request_id or uuid4().hex, connected_at, principal)
        return self.answer(lambda: parse(message), caller)

    def answer(self, read: Callable[[], Request], caller: Caller) -> Frame | None:
        """Do what a request asks for, and return the reply; as `handle`, but for the reading.

        `read` returns the request; it may raise RejectedRequest. It is not called for a caller
        whose token has ended.
        """
        try:
            require_unexpired(caller.principal, self._clock())
            request = read()
            authorize(caller.principal, request)
            return self._do(request, caller)
        except RejectedRequest as rejected:
            return replies.error(
                rejected.code,
                rejected.message,
                retryable=rejected.retryable,
                request_id=caller.request_id,
                field=rejected.field,
            )
        except Exception:
            log.exception("frame failed", extra={"request_id": caller.request_id})
            return replies.error(
                "internal_error",
                "this is our fault; send the same again",
                retryable=True,
                request_id=caller.request_id,
            )

    def _do(self, request: Request, caller: Caller) -> Frame | None:
        match request:
            case Ping():
                return replies.pong()
            case Publish():
                return self._publish(request, caller.request_id)
            case Poll():
                return self._poll(request, caller.principal)
            case Subscribe():
                return self._subscribe(request, _connection(caller, "client"), caller)
            case Unsubscribe(topic):
                self._storage.unsubscribe(topic, [_connection(caller, "action")])
                return replies.unsubscribed(topic.merchant_id, topic.ref)

    def _publish(self, request: Publish, request_id: str) -> Frame:
        topic = request.topic
        # Credentials may have to be fetched: not between `sent_at` and the put.
        self._storage.resolve_credentials()
        sent_at = self._clock()
        notification = _stored_notification(request, request.id or request_id, to_rfc3339(sent_at))
        # First the notification is written, then the recent subscriptions are read: a subscriber
        # does it the other way round. Only the index query, which serves older
        # subscriptions, runs during the write.
        with self._storage.begin_lookup(topic) as lookup:
            earlier = self._storage.put_notification(topic, notification)
            if earlier is not None:
                if not items.same_content(earlier, notification):
                    raise InvalidMessage(_ANOTHER_CONTENT, "id")
                notification = earlier
            elif (late := self._clock() - sent_at) > limits.STORED_WITHIN_MS:
                raise StoredLateError(late)
            delivery = self._sender.broadcast(lookup.batches(), notification.text)
        self._prune(topic, delivery.gone)
        return replies.receipt(
            topic.merchant_id,
            topic.ref,
            id_=notification.id,
            sent_at=notification.sent_at,
            accepted=delivery.accepted,
            gone=len(delivery.gone),
            failed=delivery.failed,
            duplicate=earlier is not None,
        )

    def _prune(self, topic: Topic, gone: Collection[str]) -> None:
        if not gone:
            return
        try:
            self._storage.unsubscribe(topic, gone)
        except Exception:
            # The next publish prunes them, or they expire: not a reason to fail this one.
            log.exception("pruning failed", extra={"connections": len(gone)})

    def _poll(self, request: Poll, principal: Principal) -> Frame:
        # Taken before anything is read: as a later `since` it must not leave a gap.
        now = self._clock()
        found = self._storage.notifications(request.topic, _after_ms(request.since), spare=1)
        require_unexpired(principal, self._clock())  # it may have expired meanwhile
        return polling.answer(request.topic, found, now, storage.MAX_REPLAYED)

    def _subscribe(self, request: Subscribe, connection_id: str, caller: Caller) -> Frame | None:
        topic = request.topic
        # Taken before anything is read: as a later `since` it must not leave a gap.
        now = self._clock()
        opened_at = now if caller.connected_at is None else caller.connected_at
        connection_expires_at_ms = opened_at + limits.CONNECTION_LIFETIME_MS
        token_expires_at_ms = _token_expires_at_ms(caller.principal)
        expires_at_ms = connection_expires_at_ms
        if token_expires_at_ms is not None:
            expires_at_ms = min(expires_at_ms, token_expires_at_ms)
        # First the subscription is written, then the notifications are read: a publisher does it
        # the other way round.
        self._storage.subscribe(connection_id, topic, connection_expires_at_ms, token_expires_at_ms)
        missed = self._storage.notifications(topic, _after_ms(request.since))
        result = self._sender.replay(connection_id, (one.text for one in missed), expires_at_ms)
        if result.outcome is Outcome.GONE:
            self._storage.unsubscribe(topic, [connection_id])
            return None
        require_unexpired(caller.principal, self._clock())  # it may have expired meanwhile
        if result.outcome is Outcome.FAILED:
            # Not `subscribed`: its `now` would make the client skip what it did not get.
            raise ReplayError(result.reason)
        return replies.subscribed(
            topic.merchant_id,
            topic.ref,
            replayed=len(missed),
            now=to_rfc3339(now),
            expires_at=to_rfc3339(expires_at_ms),
        )


def _connection(caller: Caller, field: str) -> str:
    if caller.connection_id is None:
        raise InvalidMessage("this needs a connection: open a WebSocket", field)
    return caller.connection_id


def _after_ms(since: int | None) -> int:
    return 0 if since is None else since - limits.REPLAY_OVERLAP_MS


def _token_expires_at_ms(principal: Principal) -> int | None:
    return principal.expires_at_ms if isinstance(principal, Identity) else None


def _stored_notification(request: Publish, id_: str, sent_at: str) -> StoredNotification:
    text = json.dumps(
        {**request.content, "id": id_, "sent_at": sent_at},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    size = len(text.encode())
    if size > MAX_NOTIFICATION:
        raise TooLarge(
            f"the notification would be {size} bytes as delivered; make it at most "
            f"{MAX_NOTIFICATION}, e.g. by sending a link instead of the content"
        )
    return StoredNotification(id_, text, sent_at)
