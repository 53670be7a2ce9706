"""What a frame does: parse, one thing, answer. Every exception becomes a reply here, only here."""

import json
import logging
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from lambdas.layer import limits
from lambdas.layer.auth.permissions import require_alive, require_may
from lambdas.layer.auth.principal import Bearer, Identity
from lambdas.layer.items import Said
from lambdas.layer.post import Outcome
from lambdas.layer.protocol import replies
from lambdas.layer.protocol.clock import Clock, system_clock, to_rfc3339
from lambdas.layer.protocol.errors import InvalidMessage, Refusal, TooLarge
from lambdas.layer.protocol.frames import Ping, Publish, Request, Subscribe, Unsubscribe, parse
from lambdas.layer.protocol.replies import Frame
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage

MAX_NOTIFICATION = 128 * 1024
"""Bytes of UTF-8: API Gateway's quota for a message."""

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
    """Who sent a frame; its fields are those parameters of `Handler.handle`."""

    connection_id: str | None
    request_id: str
    connected_at: int | None
    bearer: Bearer


class Handler:
    """Does what frames ask for, and returns the frame that answers the sender."""

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
        bearer: Bearer = None,
    ) -> Frame | None:
        """Do what a frame asks for and return the answer; None where nobody is left to hear it.

        `connection_id` is None for a caller that has no connection: it may publish. `request_id`
        finds the call in the logs and is the notification's id where the frame names none.
        `connected_at`: when the connection opened, in milliseconds since 1970; now if unknown.
        `bearer`: who the connection's token says it is.

        Raises nothing: what was refused or went wrong is an `error` frame.
        """
        request_id = request_id or uuid4().hex
        try:
            require_alive(bearer, self._clock())
            request = parse(message)
            require_may(bearer, request)
            return self._do(request, Caller(connection_id, request_id, connected_at, bearer))
        except Refusal as refusal:
            return replies.error(
                refusal.code,
                refusal.message,
                retryable=refusal.retryable,
                request_id=request_id,
                field=refusal.field,
            )
        except Exception:
            log.exception("frame failed", extra={"request_id": request_id})
            return replies.error(
                "internal_error",
                "this is our fault; send the same frame again",
                retryable=True,
                request_id=request_id,
            )

    def _do(self, request: Request, caller: Caller) -> Frame | None:
        match request:
            case Ping():
                return replies.pong()
            case Publish():
                return self._publish(request, caller.request_id)
            case Subscribe():
                return self._subscribe(request, _connection(caller, "client"), caller)
            case Unsubscribe(topic):
                self._storage.unsubscribe(topic, [_connection(caller, "action")])
                return replies.unsubscribed(topic.merchant_id, topic.ref)

    def _publish(self, request: Publish, request_id: str) -> Frame:
        topic = request.topic
        # A role's may have to be fetched: not between `sent_at` and the put.
        self._storage.resolve_credentials()
        sent_at = self._clock()
        line = _line(request, request.id or request_id, to_rfc3339(sent_at))
        # First what is said, then who joined: a subscriber does it the other way round. Of the
        # lookup, only the index's part, which knows those of minutes ago, goes on beside the write.
        with self._storage.begin_lookup(topic) as lookup:
            earlier = self._storage.say(topic, line)
            if earlier is not None:
                _refuse_other_content(earlier, line)
                line = earlier
            elif (late := self._clock() - sent_at) > limits.STORED_WITHIN_MS:
                raise StoredLateError(late)
            delivery = self._sender.broadcast(topic, lookup.batches(), line.notification)
        return replies.receipt(
            topic.merchant_id,
            topic.ref,
            id_=line.id,
            sent_at=line.sent_at,
            accepted=delivery.accepted,
            gone=delivery.gone,
            failed=delivery.failed,
            duplicate=earlier is not None,
        )

    def _subscribe(self, request: Subscribe, connection_id: str, caller: Caller) -> Frame | None:
        topic = request.topic
        # Taken before anything is read: as a later `since` it must not leave a gap.
        now = self._clock()
        opened_at = now if caller.connected_at is None else caller.connected_at
        served_until = opened_at + limits.CONNECTION_LIFETIME_MS
        token_end = caller.bearer.ends_at if isinstance(caller.bearer, Identity) else None
        end = served_until if token_end is None else min(served_until, token_end)
        # First who hears, then what was said: a publisher does it the other way round.
        self._storage.subscribe(connection_id, topic, served_until, token_end)
        after = 0 if request.since is None else request.since - limits.REPLAY_OVERLAP_MS
        missed = self._storage.said(topic, after)
        result = self._sender.replay(connection_id, (line.notification for line in missed), end)
        if result.outcome is Outcome.GONE:
            self._storage.unsubscribe(topic, [connection_id])
            return None
        require_alive(caller.bearer, self._clock())  # its token may have ended meanwhile
        if result.outcome is Outcome.FAILED:
            # Not `subscribed`: its `now` would make the client skip what it did not get.
            raise ReplayError(result.reason)
        return replies.subscribed(
            topic.merchant_id,
            topic.ref,
            replayed=len(missed),
            now=to_rfc3339(now),
            end=to_rfc3339(end),
        )


def _connection(caller: Caller, field: str) -> str:
    if caller.connection_id is None:
        raise InvalidMessage("only publish without a connection; open a WebSocket for this", field)
    return caller.connection_id


def _line(request: Publish, id_: str, sent_at: str) -> Said:
    notification = json.dumps(
        {**request.content, "id": id_, "sent_at": sent_at},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    size = len(notification.encode())
    if size > MAX_NOTIFICATION:
        raise TooLarge(
            f"the notification would be {size} bytes as delivered; make it at most "
            f"{MAX_NOTIFICATION}, e.g. by sending a link instead of the content"
        )
    return Said(id_, notification, sent_at)


def _refuse_other_content(earlier: Said, line: Said) -> None:
    if _content(earlier) != _content(line):
        raise InvalidMessage("this id was used for other content; give each content its own", "id")


def _content(line: Said) -> str:
    """Return what was said in one spelling, so that 1, 1.0 and true stay three things."""
    content: dict[str, Any] = json.loads(line.notification)
    del content["sent_at"]
    return json.dumps(content, sort_keys=True)
