"""The iterator over notifications, for threads."""

import math
import random
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from ws_notify.address import Address
from ws_notify.core.subscriber import Subscriber
from ws_notify.threads import Links
from ws_notify.values import Notification, Topic


class Subscription:
    """Notifications as they come, over a connection of its own.

    Steps raise RefusedError for a ref that is refused for good (the others go on with the next
    step), HandshakeError and TokenError where no connection can be made; then it ends. Everything
    that may pass is tried again, for as long as it is iterated.

    Keep-alives are sent while it waits for the next notification. A loop whose body takes longer
    than the ten minutes that the gateway allows is disconnected, and gets what it missed with its
    next step, as far as the stage keeps it (one hour, 100 a ref).

    One thread may iterate; any may close it. What is not closed is closed when it is forgotten.
    """

    def __init__(self, address: Address, topics: Sequence[Topic], timeout: float | None) -> None:
        self._links = Links(address)
        self._patience = address.timing.closing
        self._core = Subscriber(topics, address.timing, random.random, renewable=address.renewable)
        self._timeout = timeout
        self._until: float | None = None
        self._closed = False

    def ready(self, timeout: float = 10.0) -> bool:
        """Wait until every ref is subscribed to, so that from now on nothing depends on a replay.

        Tells whether that was so within `timeout` seconds. Raises what the steps raise.
        """
        core = self._core
        self._advance(lambda: core.ready or core.failed, time.monotonic() + timeout)
        core.raise_failure()
        return core.ready

    def __iter__(self) -> "Subscription":
        return self

    def __next__(self) -> Notification:
        if self._until is None:
            self._until = math.inf if self._timeout is None else time.monotonic() + self._timeout
        self._advance(lambda: bool(self._core.results), self._until)
        if self._closed or not self._core.results:
            self.close()
            raise StopIteration
        result = self._core.results.popleft()
        if isinstance(result, Notification):
            return result
        raise result

    def _advance(self, reached: Callable[[], bool], end: float) -> None:
        core, links = self._core, self._links
        seconds = 0.0
        while True:
            # First what has come, then the time: an answer may have waited for this step.
            for event in links.wait(seconds):
                core.handle(event)
            now = time.monotonic()
            core.tick(now)
            links.perform(core.take_actions())
            if reached() or core.finished or self._closed or now >= end:
                return
            seconds = min(core.due, end) - now

    def close(self) -> None:
        """Close the connection and end the iteration; harmless when repeated."""
        self._closed = True
        self._links.close(patience=self._patience)

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
