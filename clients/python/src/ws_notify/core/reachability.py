"""Success is being subscribed, not being connected: when to say that a service is not reached."""

import logging

from ws_notify.exceptions import WsNotifyError

UNREACHABLE = (
    "Three connections in a row were never subscribed: a proxy, an antivirus or a firewall may let "
    "the handshake pass and swallow what follows, the service may be down, or the URL may be that "
    "of something else. It is tried on; `ws-notify doctor` finds which"
)
_MAX_FAILURES = 3

_log = logging.getLogger("ws_notify")


class Reachability:
    """Counts the connections in a row that ended without having been subscribed."""

    def __init__(self) -> None:
        self.lost = False
        self._failures = 0

    def subscribed(self) -> None:
        """Start over."""
        self.lost, self._failures = False, 0

    def failed(self, error: WsNotifyError) -> None:
        """Count one; the third is logged, once until the next success."""
        self._failures += 1
        if self._failures == _MAX_FAILURES:
            self.lost = True
            _log.warning("unreachable: %s. The last of them: %s", UNREACHABLE, error)
