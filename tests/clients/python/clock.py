"""A clock of the wall that stands still."""

import time

from tests.clients.python.frames import NOW
from ws_notify.values import seconds_of


class Clock:
    """Stands in for the module `time`, so many seconds ahead of the server that is played."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self, ahead: float = 0.0) -> None:
        self.time = lambda: seconds_of(NOW) + ahead
