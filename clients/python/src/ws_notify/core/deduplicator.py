"""Dropping repeated notifications: delivery is at least once."""

from collections import OrderedDict

from ws_notify.values import Notification

_MAX_KEYS = 10_000
"""A replay is at most 100 notifications a ref, overlapping by 10 seconds."""


class Deduplicator:
    """Remembers the newest ids, each within its ref: two refs may use the same id."""

    def __init__(self, max_keys: int = _MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._keys: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def is_new(self, notification: Notification) -> bool:
        """Tell whether the notification is new, and remember it."""
        key = (*notification.topic.key, notification.id)
        new = key not in self._keys
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > self._max_keys:
            self._keys.popitem(last=False)
        return new
