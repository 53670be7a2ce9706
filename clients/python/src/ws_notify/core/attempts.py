"""Publishing over HTTP: which answer ends it, and when the next attempt begins. Without I/O."""

from collections.abc import Callable

from ws_notify.core.backoff import Backoff
from ws_notify.core.http_answer import HttpAnswer
from ws_notify.exceptions import (
    ConnectionLostError,
    DeadlineError,
    HandshakeError,
    RefusedError,
    WsNotifyError,
)
from ws_notify.timeouts import Timeouts
from ws_notify.values import Receipt

_DENIALS = frozenset({401, 403})


class Attempts:
    """The attempts of one publish; `outcome` ends them: a receipt, or the error to be raised.

    `renew`: the next one asks for a new token. `renewable`: a function provides tokens, so one
    denial is followed by a try with another token.
    """

    def __init__(  # noqa: PLR0913 - a publish has these parts, and I/O stays outside
        self,
        id_: str,
        seconds: float,
        now: float,
        timeouts: Timeouts,
        random: Callable[[], float],
        *,
        renewable: bool,
    ) -> None:
        self.outcome: Receipt | WsNotifyError | None = None
        self.renew = False
        self._id, self._seconds = id_, seconds
        self._deadline = now + seconds
        self._timeout = timeouts.attempt
        self._backoff = Backoff(timeouts, random)
        self._renewal_left = renewable
        self._last: WsNotifyError | None = None
        if seconds <= 0:
            self._miss_deadline()

    def timeout(self, now: float) -> float:
        """Return how long the attempt that begins now may take, in seconds."""
        return max(0.0, min(self._timeout, self._deadline - now))

    def handle(self, result: HttpAnswer | WsNotifyError | None, now: float) -> float:
        """Take the result of an attempt, None for no answer in time; return how long to wait.

        Where no further attempt fits before the deadline, it ends at once: nothing would change.
        """
        outcome = result.read(self._id) if isinstance(result, HttpAnswer) else result
        if isinstance(outcome, Receipt):
            self.outcome = outcome
            return 0.0
        if outcome is None:
            outcome = self._silence(now)
        self.renew = isinstance(outcome, ConnectionLostError) or _is_denial(outcome)
        if _is_denial(outcome) and self._renewal_left:
            self._renewal_left = False
        elif not outcome.retryable:
            self.outcome = outcome
            return 0.0
        self._last = outcome
        asked = result.wait if isinstance(result, HttpAnswer) else 0.0
        wait = max(self._backoff.wait(), asked)
        if now + wait >= self._deadline:
            self._miss_deadline()
            return 0.0
        return wait

    def _silence(self, now: float) -> WsNotifyError:
        cut_short = now >= self._deadline
        self._timeout *= 2  # many subscribers take the service up to 14 seconds
        if cut_short and self._last:
            return self._last  # it says more than that the deadline has passed
        return ConnectionLostError("The service did not answer in time")

    def _miss_deadline(self) -> None:
        self.outcome = DeadlineError(self._id, self._seconds, self._last)
        self.outcome.__cause__ = self._last


def _is_denial(error: WsNotifyError) -> bool:
    """Tell whether another token may help: the service names `exp` where the token has ended."""
    if isinstance(error, RefusedError):
        return error.code == "forbidden" and error.field == "exp"
    return isinstance(error, HandshakeError) and error.status in _DENIALS
