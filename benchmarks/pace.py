"""When a page whose network blocks WebSockets asks over HTTPS. Values only.

The pace is that of the page's client: five seconds without a subscription, then as `poll_after`
says; after a minute without a notification twice as slowly; a hidden page once a minute. After
five minutes it asks every 15 seconds, which no wait of two minutes reaches.
"""

from typing import Final

from lambdas.layer.polling import POLL_AFTER_MS

FALLBACK_AFTER: Final = 5.0
QUIET: Final = 60.0
HIDDEN: Final = 60.0
"""In seconds; a test compares them with clients/js/src/polling.js."""

_SLOWER: Final = 2


def poll_times(wait: float, *, hidden: bool = False) -> list[float]:
    """Return when a page asks, in seconds from when its wait begins.

    The last time is the first at which something is there: it is published after `wait` seconds.
    The pace drawn for each answer counts as its mean, and asking takes no time.
    """
    pace = sum(POLL_AFTER_MS) / len(POLL_AFTER_MS) / 1000
    times = [FALLBACK_AFTER]
    while times[-1] < wait:
        fast = times[-1] - FALLBACK_AFTER < QUIET
        times.append(times[-1] + (HIDDEN if hidden else pace if fast else _SLOWER * pace))
    return times
