"""The last word: of a replay, only the newest notification of each ref and type is handed over.

Both client libraries have this rule. A replay is what comes between sending a subscribe and its
answer, live notifications included: on the wire they look the same.
"""

import math

from ws_notify.values import Notification

_LONGEST_HOLD = 2.0
"""Seconds that a notification waits for the rest of its replay."""

_Key = tuple[str, str]


class LastWord:
    """Holds the notifications of the topics that are being subscribed to.

    Each call returns what is to be handed over now. `every`: all of it, and nothing is held.
    """

    def __init__(self, *, every: bool) -> None:
        self._every = every
        self._subscribing: dict[_Key, int] = {}
        self._held: dict[_Key, list[Notification]] = {}
        self._due: dict[_Key, float] = {}
        self._newest: dict[tuple[_Key, str], str] = {}

    @property
    def due(self) -> float:
        """When `expire` must be called at the latest."""
        return min(self._due.values(), default=math.inf)

    def subscribe(self, key: _Key, connection: int) -> None:
        """Note that a subscribe of a topic is sent on a connection."""
        if not self._every:
            self._subscribing[key] = connection

    def receive(self, notification: Notification, now: float) -> list[Notification]:
        """Take a notification that was not seen before."""
        key = notification.topic.key
        if key not in self._subscribing:
            return [self._hand_over(notification)]
        self._held.setdefault(key, []).append(notification)
        self._due.setdefault(key, now + _LONGEST_HOLD)
        return []

    def answer(self, key: _Key, connection: int) -> list[Notification]:
        """Note that the subscribe of a topic on this connection is answered, or has failed."""
        if self._subscribing.get(key) != connection:
            return []
        del self._subscribing[key]
        return self._release(key)

    def lose(self, connection: int) -> list[Notification]:
        """Note that a connection is lost, with every subscribe on it."""
        lost = [key for key, number in self._subscribing.items() if number == connection]
        return [each for key in lost for each in self.answer(key, connection)]

    def expire(self, now: float) -> list[Notification]:
        """Let go what was held for long enough."""
        late = [key for key, due in self._due.items() if due <= now]
        return [each for key in late for each in self._release(key)]

    def _release(self, key: _Key) -> list[Notification]:
        self._due.pop(key, None)
        last: dict[str, Notification] = {}
        for each in self._held.pop(key, []):
            known = last.get(each.type)
            newest = known.sent_at if known else self._newest.get((key, each.type), "")
            if each.sent_at >= newest:  # of equals the one that came later
                last[each.type] = each
        ordered = sorted(last.values(), key=lambda each: each.sent_at)
        return [self._hand_over(each) for each in ordered]

    def _hand_over(self, notification: Notification) -> Notification:
        if not self._every:
            key = notification.topic.key, notification.type
            self._newest[key] = max(self._newest.get(key, ""), notification.sent_at)
        return notification
