"""A fake `@connections`: the client that a Sender is given, without HTTP."""

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.kit.dynamodb import Journal

Answer = int | Exception | Callable[[], int]
"""An HTTP status, an exception to raise, or a function that returns a status."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post, and whether it was accepted."""

    connection_id: str
    text: str
    timeout: float
    accepted: bool

    @property
    def frame(self) -> dict[str, Any]:
        """The frame that was posted."""
        frame: dict[str, Any] = json.loads(self.text)
        return frame


class FakeConnections:
    """Accepts every post, except to connections that have a script."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.posts: list[Post] = []
        self.most_at_once = 0
        self._at_once = 0
        self._scripts: dict[str, deque[Answer]] = {}
        self._journal = [] if journal is None else journal
        self._lock = threading.Lock()

    def script(self, connection_id: str, *answers: Answer) -> None:
        """Answer the posts to a connection with these, in order; the last one stays."""
        self._scripts[connection_id] = deque(answers)

    def post(self, connection_id: str, data: bytes, timeout: float) -> int:
        """Return the HTTP status or raise, as scripted; 200 without a script."""
        with self._lock:
            self._journal.append(f"post {connection_id}")
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            answer = self._next(connection_id)
        status = 0
        try:
            if isinstance(answer, Exception):
                raise answer
            status = answer if isinstance(answer, int) else answer()
        finally:
            with self._lock:
                self._at_once -= 1
                self.posts.append(Post(connection_id, data.decode(), timeout, status == 200))
        return status

    def _next(self, connection_id: str) -> Answer:
        script = self._scripts.get(connection_id)
        if script is None:
            return 200
        return script.popleft() if len(script) > 1 else script[0]

    def received(self, connection_id: str) -> list[dict[str, Any]]:
        """Return the frames that a connection got, in order."""
        return [p.frame for p in self.posts if p.connection_id == connection_id and p.accepted]
