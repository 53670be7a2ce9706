"""A raw WebSocket client for the tests: frames as dictionaries, on the `websockets` library."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from websockets.sync.client import ClientConnection, connect

Frame = dict[str, Any]

TIMEOUT = 20.0
"""Seconds; enough for a cold start on a loaded machine."""


class Peer:
    """One open connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def send(self, frame: Frame | str) -> None:
        self.socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    def receive(self) -> Frame:
        frame = json.loads(self.socket.recv(timeout=TIMEOUT))
        assert isinstance(frame, dict)
        return frame

    def ask(self, frame: Frame | str) -> Frame:
        self.send(frame)
        return self.receive()

    def subscribe(self, merchant_id: str, ref: str | int, **more: Any) -> list[Frame]:
        """Subscribe, and return the replayed notifications followed by `subscribed`."""
        self.send({"client": "frontend", "merchant_id": merchant_id, "ref": ref, **more})
        frames = [self.receive()]
        while frames[-1].get("type") not in {"subscribed", "error"}:
            frames.append(self.receive())
        return frames

    def drain(self) -> list[Frame]:
        """Return every frame that comes before the answer to a ping."""
        self.send({"action": "ping"})
        frames: list[Frame] = []
        while (frame := self.receive()) != {"client": "server", "type": "pong"}:
            frames.append(frame)
        return frames


@contextmanager
def peer(url: str, **options: Any) -> Iterator[Peer]:
    """Open a connection; `options` are those of `websockets`, e.g. `origin`.

    Raises InvalidHandshake where the handshake is rejected.
    """
    with connect(url, max_size=None, open_timeout=TIMEOUT, proxy=None, **options) as socket:
        yield Peer(socket)


def unique(prefix: str) -> str:
    """Return a name of this test's own: the stage is shared."""
    return f"{prefix}-{uuid4().hex[:12]}"


def publication(merchant_id: str, ref: str | int, **more: Any) -> Frame:
    return {
        "client": "backend",
        "merchant_id": merchant_id,
        "ref": ref,
        "project": "shop",
        "type": "payment",
        "status": "done",
        "message": "paid",
        **more,
    }
