"""When a publish over HTTP tries again, and which token it then has: without I/O or a clock."""

import jwt
import pytest

from ws_notify import DeadlineError, Timeouts
from ws_notify.core.attempts import Attempts
from ws_notify.core.http_answer import HttpAnswer
from ws_notify.transport.fetching import KeptToken

TIMEOUTS = Timeouts()


def attempts(seconds: float = 60.0) -> Attempts:
    return Attempts("n-1", seconds, 1000.0, TIMEOUTS, lambda: 1.0, renewable=False)


@pytest.mark.parametrize(
    ("said", "waited"),
    [("7", 7.0), (None, 0.5), ("0", 0.5), ("-1", 0.5), ("soon", 0.5), ("²", 0.5),
     ("Wed, 21 Oct 2026 07:28:00 GMT", 0.5)],
)  # fmt: skip
def test_a_retry_waits_as_long_as_the_service_says_and_at_least_the_backoff(
    said: str | None, waited: float
) -> None:
    assert attempts().handle(HttpAnswer(503, b"", said), 1000.0) == waited


def test_an_attempt_that_was_not_answered_is_followed_by_one_of_twice_the_time() -> None:
    core = attempts()
    found = [core.timeout(1000.0)]
    for _ in range(2):
        core.handle(None, 1000.0)
        found.append(core.timeout(1000.0))
    assert found == [3.0, 6.0, 12.0]
    assert core.timeout(1058.0) == 2.0


def test_a_retry_that_would_come_after_the_deadline_is_not_waited_for() -> None:
    core = attempts(5.0)
    assert core.handle(HttpAnswer(503, b"", "5"), 1000.0) == 0.0
    assert isinstance(core.outcome, DeadlineError)


@pytest.mark.parametrize(
    ("lifetime", "kept"), [(3600, 3540), (60, 30), (None, 7140)], ids=["hour", "minute", "opaque"]
)
def test_a_token_is_kept_until_shortly_before_it_expires(
    monkeypatch: pytest.MonkeyPatch, lifetime: int | None, kept: int
) -> None:
    monkeypatch.setattr("time.time", lambda: 5_000.0)
    claims = {} if lifetime is None else {"exp": 5_000 + lifetime}
    token = jwt.encode(claims, "k" * 32)
    holder = KeptToken(TIMEOUTS)
    assert holder.get(100.0) is None
    assert holder.keep(token, 100.0) == token
    assert holder.get(100.0 + kept - 1) == token
    assert holder.get(100.0 + kept) is None
