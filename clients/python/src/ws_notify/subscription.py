"""The sync iterator over notifications."""

import math
import os
import random
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from ws_notify.core.subscriber import Subscriber
from ws_notify.endpoint import Endpoint
from ws_notify.transport.sync import SyncTransport
from ws_notify.values import Notification, State, Topic


class Subscription:
    """Notifications as they arrive, over a connection of its own.

    Steps raise RefusedError for a ref that is rejected for good (the others go on with the next
    step), HandshakeError and TokenError where no connection can be opened; then it ends. Transient
    failures are retried for as long as it is iterated.

    Keep-alives are sent while it waits for the next notification. A loop whose body takes longer
    than the ten minutes that the gateway allows is disconnected, and gets what it missed with its
    next step, as far as the stage keeps it (one hour, 100 a ref).

    One thread may iterate; any may close it. It is closed when it is garbage-collected, too.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        topics: Sequence[Topic],
        timeout: float | None,
        *,
        every: bool = False,
        since: str | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._topics = topics
        self._every = every
        self._since = since
        self._fresh()
        self._timeout = timeout
        self._deadline: float | None = None
        self._closed = False

    def _fresh(self) -> None:
        """Begin without a connection: anew in a process that was forked, the parent's stays."""
        self._process = os.getpid()
        self._transport = SyncTransport(self._endpoint)
        self._core = Subscriber(
            self._topics,
            self._endpoint.timeouts,
            random.random,
            renewable=self._endpoint.renewable,
            every=self._every,
            since=self._since,
        )

    def ready(self, timeout: float = 10.0) -> bool:
        """Wait until every ref is subscribed to: from now on nothing depends on a replay.

        Returns False after `timeout` seconds. Raises what the steps raise.
        """
        self._own()
        core = self._core
        self._advance(lambda: core.ready or core.failed, time.monotonic() + timeout)
        core.raise_failure()
        return core.ready

    @property
    def state(self) -> State:
        """Its state as of the last step.

        `unreachable`: three connections in a row were never subscribed, which is logged as a
        warning, too. It is tried on.
        """
        return "closed" if self._closed else self._core.state

    def __iter__(self) -> "Subscription":
        return self

    def _own(self) -> None:
        if self._process != os.getpid() and not self._closed:
            self._fresh()

    def __next__(self) -> Notification:
        self._own()
        if self._deadline is None:
            self._deadline = math.inf if self._timeout is None else time.monotonic() + self._timeout
        self._advance(lambda: bool(self._core.results), self._deadline)
        if self._closed or not self._core.results:
            self.close()
            raise StopIteration
        result = self._core.results.popleft()
        if isinstance(result, Notification):
            return result
        raise result

    def _advance(self, reached: Callable[[], bool], end: float) -> None:
        core, transport = self._core, self._transport
        seconds = 0.0
        while True:
            # First the events, then the time: an answer may have waited for this step.
            for event in transport.wait(seconds):
                core.handle(event)
            now = time.monotonic()
            core.tick(now)
            transport.perform(core.take_actions())
            if reached() or core.finished or self._closed or now >= end:
                return
            seconds = min(core.due, end) - now

    def close(self) -> None:
        """Close the connection and end the iteration; harmless when repeated."""
        self._closed = True
        self._transport.close(timeout=self._endpoint.timeouts.closing)

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
