"""Recorders for the tests of those who publish: nothing is connected, everything is kept.

In Django's settings of the tests:

    WS_NOTIFY = {**WS_NOTIFY, "publisher": Recorder()}

or wherever a client or a publisher is an argument: `Recorder()`, with asyncio `AsyncRecorder()`.
"""

import json
import threading
import time
from datetime import datetime, timezone
from typing import Any, cast

from ws_notify.core import frames
from ws_notify.exceptions import ClosedError, RefusedError, WsNotifyError
from ws_notify.fields import build_fields, build_since, build_topics
from ws_notify.recorded import AsyncRecordedSubscription, RecordedSubscription
from ws_notify.values import AnyRef, AnyStatus, AnyText, AnyTime, Notification, Receipt


class Recorder:
    """Takes the place of a Client or of a publisher; threads may share it.

        recorder = Recorder()
        pay(order, publisher=recorder)
        assert [each.message for each in recorder.published] == ["paid"]

    `publish` checks its arguments as theirs does, and raises `failure` where one is set: so a test
    sees what the shop does when the service is not reached. An `id` is recorded once.
    """

    def __init__(self, failure: WsNotifyError | None = None) -> None:
        self.failure = failure
        self.published: list[Notification] = []
        self._closed = False
        self._lock = threading.Lock()

    def publish(  # noqa: PLR0913 - a notification has these fields
        self,
        *,
        merchant_id: AnyText,
        ref: AnyRef,
        project: AnyText,
        type: AnyText,  # noqa: A002 - the protocol's names
        message: AnyText,
        status: AnyStatus = "done",
        id: AnyText | None = None,  # noqa: A002
        deadline: float = 10.0,
        **further: Any,
    ) -> Receipt:
        """Record a notification; the receipt says that one connection got it.

        Raises ValueError, TypeError, ClosedError as Client does, and RefusedError for an `id` that
        was used for other content.
        """
        fields = build_fields(
            id,
            merchant_id,
            ref,
            project,
            type,
            status=status,
            message=message,
            further=further,
            deadline=deadline,
        )
        sent = json.loads(frames.publish(fields))
        if self._closed:
            raise ClosedError("The client is closed")
        if self.failure:
            raise self.failure
        with self._lock:
            return self._record(sent)

    def _record(self, sent: dict[str, Any]) -> Receipt:
        earlier = next((it for it in self.published if _key(it.data) == _key(sent)), None)
        if earlier and {**earlier.data, "sent_at": None} != {**sent, "sent_at": None}:
            raise RefusedError(
                "this id was used for other content", code="invalid_message", field="id"
            )
        kept = earlier or _notification({**sent, "sent_at": _now()})
        if not earlier:
            self.published.append(kept)
        return Receipt(
            kept.id,
            kept.merchant_id,
            kept.ref,
            kept.sent_at,
            accepted=1,
            gone=0,
            failed=0,
            duplicate=earlier is not None,
        )

    def subscribe(
        self,
        merchant_id: AnyText,
        *refs: AnyRef,
        timeout: float | None = None,
        since: AnyTime | None = None,
        every: bool = False,
    ) -> RecordedSubscription:
        """Return an iterator over what was published to these refs; it waits for nothing."""
        build_since(since)  # it raises
        del timeout, every  # nothing is replayed: what was published is handed out
        if self._closed:
            raise ClosedError("The client is closed")
        wanted = {topic.key for topic in build_topics(merchant_id, refs)}
        return RecordedSubscription([it for it in self.published if it.topic.key in wanted])

    def clear(self) -> None:
        """Forget what was published, as between two tests."""
        with self._lock:
            self.published.clear()

    def close(self) -> None:
        """End its use, as of a Client; what was published stays."""
        self._closed = True

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncRecorder:
    """Takes the place of an AsyncClient or an AsyncHttpPublisher.

    `recorder` has what was published, and `failure`.
    """

    def __init__(self, failure: WsNotifyError | None = None) -> None:
        self.recorder: Recorder = Recorder(failure)

    @property
    def published(self) -> list[Notification]:
        """What was published, as of a Recorder."""
        return self.recorder.published

    async def publish(  # noqa: PLR0913 - a notification has these fields
        self,
        *,
        merchant_id: AnyText,
        ref: AnyRef,
        project: AnyText,
        type: AnyText,  # noqa: A002 - the protocol's names
        message: AnyText,
        status: AnyStatus = "done",
        id: AnyText | None = None,  # noqa: A002
        deadline: float = 10.0,
        **further: Any,
    ) -> Receipt:
        """Record a notification as Recorder does."""
        return self.recorder.publish(
            merchant_id=merchant_id,
            ref=ref,
            project=project,
            type=type,
            message=message,
            status=status,
            id=id,
            deadline=deadline,
            **further,
        )

    def subscribe(
        self,
        merchant_id: AnyText,
        *refs: AnyRef,
        timeout: float | None = None,
        since: AnyTime | None = None,
        every: bool = False,
    ) -> AsyncRecordedSubscription:
        """Return an asynchronous iterator over what was published to these refs."""
        recorded = self.recorder.subscribe(
            merchant_id, *refs, timeout=timeout, since=since, every=every
        )
        return AsyncRecordedSubscription(recorded)

    async def aclose(self) -> None:
        """End its use, as of an AsyncClient; what was published stays."""
        self.recorder.close()

    async def __aenter__(self) -> "AsyncRecorder":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _key(fields: Any) -> tuple[str, str, str]:
    """Return what an id belongs to: it is one within its topic."""
    return fields["merchant_id"], str(fields["ref"]), fields["id"]


def _notification(sent: dict[str, Any]) -> Notification:
    return cast("Notification", frames.read(json.dumps(sent)))  # its fields have been checked


def _now() -> str:
    now = datetime.fromtimestamp(time.time(), timezone.utc)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
