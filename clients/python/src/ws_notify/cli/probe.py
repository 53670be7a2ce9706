"""One connection that is used step by step, on the sync transport."""

import time
from collections.abc import Callable
from typing import TypeVar

from ws_notify.core import frames
from ws_notify.core.events import Event, Lost, Open, Opened, Received, Send
from ws_notify.endpoint import Endpoint
from ws_notify.exceptions import RefusedError
from ws_notify.transport.sync import SyncTransport

_NUMBER = 1
Kind = TypeVar("Kind", bound=frames.Frame)


class Probe:
    """A connection; its steps raise what the library raises, and TimeoutError without an answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._transport = SyncTransport(endpoint)
        self._received: list[tuple[frames.Frame, float]] = []

    def open(self) -> None:
        """Connect."""
        self._transport.perform([Open(_NUMBER)])
        timeout = self._endpoint.timeouts.handshake + 1
        self._wait_until(lambda event: isinstance(event, Opened), timeout)

    def send(self, text: str) -> float:
        """Send a frame; return when, by the monotonic clock."""
        began = time.monotonic()
        self._transport.perform([Send(_NUMBER, text)])
        return began

    def expect(
        self, kind: type[Kind], matches: Callable[[Kind], bool], timeout: float
    ) -> tuple[Kind, float]:
        """Return a frame, and when it arrived. Frames before it are kept for the next call."""

        def found() -> bool:
            return any(isinstance(frame, kind) and matches(frame) for frame, _ in self._received)

        if not found():
            self._wait_until(lambda _: found(), timeout)
        for frame, at in self._received:
            if isinstance(frame, kind) and matches(frame):
                self._received.remove((frame, at))
                return frame, at
        raise AssertionError("found before")

    def close(self) -> None:
        """Close it."""
        self._transport.close(timeout=self._endpoint.timeouts.closing)

    def _wait_until(self, reached: Callable[[Event], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while (remaining := deadline - time.monotonic()) > 0:
            # Every event is kept before any of them ends the wait.
            events = self._transport.wait(remaining)
            for event in events:
                self._keep(event)
            if any(reached(event) for event in events):
                return
        raise TimeoutError(timeout)

    def _keep(self, event: Event) -> None:
        if isinstance(event, Lost):
            raise event.error
        if isinstance(event, Received) and (frame := frames.read(event.data)):
            if isinstance(frame, RefusedError):
                raise frame
            self._received.append((frame, event.at))
