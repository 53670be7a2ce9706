"""The client for threads."""

import random
import threading
import time
import weakref
from types import TracebackType
from typing import Any, Literal

from ws_notify.address import Address, TokenFunction
from ws_notify.core.publisher import Publisher
from ws_notify.exceptions import ClosedError, DeadlineError
from ws_notify.fields import publication, topics_of
from ws_notify.subscription import Subscription
from ws_notify.threads import Links
from ws_notify.timing import Timing
from ws_notify.values import Receipt, Ref


class Client:
    """Publishes to a stage and listens to it; may be shared by threads.

        with Client(url, token=token) as client:
            receipt = client.publish(merchant_id="shop", ref="12303", ...)
            for notification in client.subscribe("shop", "12303"):
                ...

    `url` is the stack's output `WebsocketConnectEndpointURL`. `token` is a string, or a function
    that returns one: it is asked before each connect, in a thread of the client's own. Publishing
    has one connection, opened at the first publish and then kept; each `subscribe` has its own.
    Raises ValueError for what is no address.
    """

    def __init__(
        self, url: str, *, token: str | TokenFunction | None = None, timing: Timing | None = None
    ) -> None:
        self._address = Address(url, token, timing or Timing())
        self._links = Links(self._address)
        self._publisher = Publisher(
            self._address.timing, random.random, renewable=self._address.renewable
        )
        self._publishing = threading.Lock()
        self._subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()
        self._closed = False

    def publish(  # noqa: PLR0913 - a notification has these fields
        self,
        *,
        merchant_id: str,
        ref: Ref,
        project: str,
        type: str,  # noqa: A002 - the protocol's names
        message: str,
        status: Literal["done", "failed"] = "done",
        id: str | None = None,  # noqa: A002
        deadline: float = 10.0,
        **further: Any,
    ) -> Receipt:
        """Publish a notification; further fields are passed on as they are.

        Tries again with the same `id` (made up where none is given) for `deadline` seconds, which
        bound the whole call. One at a time: threads wait for each other, within their deadlines.

        Raises RefusedError and HandshakeError for what is refused for good, DeadlineError when no
        receipt came: then nobody knows, and another publish with its `id` is safe. Raises
        ClosedError; ValueError and TypeError for what is no JSON.
        """
        fields = publication(
            id, merchant_id, ref, project, type, status=status, message=message, further=further
        )
        began = time.monotonic()
        if not self._publishing.acquire(timeout=max(0.0, deadline)):
            raise DeadlineError(fields["id"], deadline, None)
        try:
            return self._publish(fields, deadline - (time.monotonic() - began))
        finally:
            self._publishing.release()

    def _publish(self, fields: dict[str, Any], seconds: float) -> Receipt:
        core, links = self._publisher, self._links
        core.publish(fields, seconds, time.monotonic())
        try:
            seconds = 0.0  # first what happened since the last publish
            while core.outcome is None:
                for event in links.wait(seconds):
                    core.handle(event)
                self._check_open()
                core.tick(time.monotonic())
                links.perform(core.take_actions())
                seconds = core.due - time.monotonic()
        except BaseException:
            core.abandon()
            links.perform(core.take_actions())
            raise
        if isinstance(core.outcome, Receipt):
            return core.outcome
        raise core.outcome

    def subscribe(self, merchant_id: str, *refs: Ref, timeout: float | None = None) -> Subscription:
        """Return an iterator over what is published to these refs, from an hour back.

        It goes on over lost and expired connections, drops what it has seen, and ends when it or
        the client is closed, or `timeout` seconds after its first step. See Subscription.
        Raises ClosedError; ValueError, TypeError for what are no refs.
        """
        self._check_open()
        subscription = Subscription(self._address, topics_of(merchant_id, refs), timeout)
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
        self._links.close(patience=self._address.timing.closing)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
