"""One connection that is asked step by step, on the links of the library."""

import time
from collections.abc import Callable
from typing import TypeVar

from ws_notify.address import Address
from ws_notify.core import frames
from ws_notify.core.events import Event, Lost, Open, Opened, Received, Send
from ws_notify.exceptions import RefusedError
from ws_notify.threads import Links

_LINK = 1
Kind = TypeVar("Kind", bound=frames.Frame)


class Wire:
    """A connection; its steps raise what the library raises, and TimeoutError for silence."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._links = Links(address)
        self._waiting: list[tuple[frames.Frame, float]] = []

    def open(self) -> None:
        """Connect."""
        self._links.perform([Open(_LINK)])
        self._until(lambda event: isinstance(event, Opened), self._address.timing.handshake + 1)

    def send(self, text: str) -> float:
        """Send a frame; return when, by the monotonic clock."""
        began = time.monotonic()
        self._links.perform([Send(_LINK, text)])
        return began

    def expect(
        self, kind: type[Kind], is_it: Callable[[Kind], bool], seconds: float
    ) -> tuple[Kind, float]:
        """Return a frame, and when it came. What came before it waits for the next call."""

        def found() -> bool:
            return any(isinstance(frame, kind) and is_it(frame) for frame, _ in self._waiting)

        if not found():
            self._until(lambda _: found(), seconds)
        for frame, at in self._waiting:
            if isinstance(frame, kind) and is_it(frame):
                self._waiting.remove((frame, at))
                return frame, at
        raise AssertionError("found before")

    def close(self) -> None:
        """Close it."""
        self._links.close(patience=self._address.timing.closing)

    def _until(self, reached: Callable[[Event], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            # All that came is kept before any of it ends the wait.
            events = self._links.wait(left)
            for event in events:
                self._keep(event)
            if any(reached(event) for event in events):
                return
        raise TimeoutError(seconds)

    def _keep(self, event: Event) -> None:
        if isinstance(event, Lost):
            raise event.error
        if isinstance(event, Received) and (frame := frames.read(event.data)):
            if isinstance(frame, RefusedError):
                raise frame
            self._waiting.append((frame, event.at))
