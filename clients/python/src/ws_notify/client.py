"""The sync client; threads may share it."""

import math
import os
import random
import threading
import time
import weakref
from types import TracebackType
from typing import Any

from ws_notify.core.publisher import Publisher
from ws_notify.endpoint import Endpoint, Proxy, TokenFunction, reduce
from ws_notify.exceptions import ClosedError, DeadlineError
from ws_notify.fields import build_fields, build_since, build_topics, check_seconds
from ws_notify.subscription import Subscription
from ws_notify.timeouts import Timeouts
from ws_notify.transport.sync import SyncTransport
from ws_notify.values import AnyRef, AnyStatus, AnyText, AnyTime, Receipt

_now = time.monotonic
_FORKED = threading.Lock()


def _after_fork() -> None:
    global _FORKED  # noqa: PLW0603 - another thread may have held it at the fork
    _FORKED = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)


class Client:
    """Publishes to a stage and listens to it; may be shared by threads.

        with Client(url, token=token) as client:
            receipt = client.publish(merchant_id="shop", ref="12303", ...)
            for notification in client.subscribe("shop", "12303"):
                ...

    `url` is the stack's output `WebsocketConnectEndpointURL`. `token` is a string, or a function
    that returns one: it is called before each connect, in a thread of the client. Publishing has
    one connection, opened at the first publish and then kept; each `subscribe` has its own.
    `proxy` is a URL, True for the one that the environment names, None for none; a loopback address
    goes through none of the environment. Raises ValueError for an invalid URL or proxy, and for a
    token that no header may hold.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | bytes | TokenFunction | None = None,
        timeouts: Timeouts | None = None,
        proxy: Proxy = True,
    ) -> None:
        self._endpoint = Endpoint(url, token, timeouts or Timeouts(), proxy)
        self._fresh()
        self._subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()
        self._closed = False

    def _fresh(self) -> None:
        """Begin without a connection: in a new client, and in a process that was forked.

        What the parent has is neither used nor closed: its threads are not here, its socket is
        shared, and its lock may be held for good.
        """
        self._transport = SyncTransport(self._endpoint)
        self._publisher = Publisher(
            self._endpoint.timeouts, random.random, renewable=self._endpoint.renewable
        )
        self._publishing = threading.Lock()
        self._process = os.getpid()  # last: another thread that sees it uses the rest

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
        """Publish a notification; further fields are passed on as they are.

        Tries again with the same `id` (generated where none is given) for `deadline` seconds, which
        bound the whole call. One at a time: threads wait for each other, within their deadlines.

        Raises RefusedError and HandshakeError for what is rejected for good, DeadlineError without
        a receipt: the notification may be published or not, and another publish with its `id` is
        safe. Raises ClosedError; ValueError and TypeError, with the field's name,
        for what is not JSON or what the service would refuse.
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
        began = _now()
        if self._process != os.getpid():
            with _FORKED:
                if self._process != os.getpid():
                    self._fresh()
        publishing = self._publishing
        while not publishing.acquire(timeout=min(1.0, max(0.0, began + deadline - _now()))):
            if _now() >= began + deadline:  # in steps, which Ctrl-C interrupts on Windows, too
                raise DeadlineError(fields["id"], deadline, None)
        try:
            return self._publish(fields, deadline - (_now() - began))
        finally:
            publishing.release()

    def _publish(self, fields: dict[str, Any], seconds: float) -> Receipt:
        core, transport = self._publisher, self._transport
        core.publish(fields, seconds, time.monotonic())
        try:
            seconds = 0.0  # first the events since the last publish
            while core.outcome is None:
                for event in transport.wait(seconds):
                    core.handle(event)
                self._check_open()
                core.tick(time.monotonic())
                transport.perform(core.take_actions())
                seconds = core.due - time.monotonic()
        except BaseException:
            core.abandon()
            transport.perform(core.take_actions())
            raise
        if isinstance(core.outcome, Receipt):
            return core.outcome
        raise core.outcome

    def subscribe(
        self,
        merchant_id: AnyText,
        *refs: AnyRef,
        timeout: float | None = None,
        since: AnyTime | None = None,
        every: bool = False,
    ) -> Subscription:
        """Return an iterator over what is published to these refs, from an hour back.

        It reconnects after lost and expired connections, drops duplicates, and ends when it or
        the client is closed, or `timeout` seconds after its first step. See Subscription.

        Of a replay, only the last word is returned: of each ref and `type` the newest, once the
        replay is complete, or after 2 seconds. `every`: all of it, the oldest first.
        `since`: the replay begins 10 seconds before it, e.g. when a payment's attempt began by the
        clock of your backend, so that the failure of an attempt before it is left out.
        Raises ClosedError; ValueError, TypeError for invalid refs and an invalid time.
        """
        self._check_open()
        check_seconds("timeout", math.inf if timeout is None else timeout)
        subscription = Subscription(
            self._endpoint,
            build_topics(merchant_id, refs),
            timeout,
            every=every,
            since=build_since(since),
        )
        self._subscriptions.add(subscription)
        return subscription

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("The client is closed")

    def close(self) -> None:
        """Close every connection and end the iterators; harmless when repeated."""
        self._closed = True
        for subscription in list(self._subscriptions):
            subscription.close()
        self._transport.close(timeout=self._endpoint.timeouts.closing)

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce(type(self), self._endpoint)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
