"""What is tried: a fault at each step of each story, and the answer that its sender must get."""

from collections.abc import Iterable

from tests.faults import crashes, garbage, handshakes, scenarios
from tests.faults.case import Case, Tell
from tests.kit import calls
from tests.kit.faults import (
    ALWAYS,
    Answer,
    Cut,
    Delay,
    Drop,
    Fault,
    Hold,
    Lie,
    Partial,
    Reset,
    refusal,
)

# Their names say what happens, for the table; a call or a post waits a second for its answer.
_PASSING: dict[str, Fault] = {
    "later than waited for": Delay(1.2),
    "dropped": Drop(),
    "reset before": Reset(),
    "reset after": Reset(forwarded=True),
    "answer cut off": Cut(),
    "500": Answer(500),
    "503 without JSON": Answer(503, b"<html>"),
    "400 throttled": refusal("ProvisionedThroughputExceededException"),
    "429": Answer(429),
}
_ARRIVED = {"later than waited for", "reset after", "answer cut off"}
_FINAL: dict[str, Fault] = {
    "400 validation": refusal("ValidationException"),
    "400 without JSON": Answer(400, b""),
}


_STEPS: tuple[tuple[Tell, str, str, str], ...] = (
    (scenarios.publish, calls.SAY, "3 accepted, 0 gone, 0 failed", "retryable error, not stored"),
    (scenarios.publish, calls.INDEX, "3 accepted, 0 gone, 0 failed", "retryable error, stored"),
    (scenarios.publish, calls.JOINED, "3 accepted, 0 gone, 0 failed", "retryable error, stored"),
    (scenarios.subscribe, calls.SUBSCRIBE, "subscribed, 3 replayed", "retryable error"),
    (scenarios.subscribe, calls.SAID, "subscribed, 3 replayed", "retryable error"),
    (scenarios.unsubscribe, calls.FORGET, "unsubscribed", "retryable error"),
)

_SHORT = {
    (calls.SAY, "later than waited for", 1),
    (calls.SAY, "reset after", 1),
    (calls.SAY, "reset after", ALWAYS),
    (calls.SAY, "500", ALWAYS),
    (calls.INDEX, "reset before", 1),
    (calls.INDEX, "400 throttled", ALWAYS),
    (calls.JOINED, "answer cut off", 1),
    (calls.JOINED, "400 validation", 1),
    (calls.SUBSCRIBE, "reset after", 1),
    (calls.SUBSCRIBE, "reset before", ALWAYS),
    (calls.SUBSCRIBE, "429", 1),
    (calls.SAID, "dropped", 1),
    (calls.SAID, "500", ALWAYS),
    (calls.FORGET, "reset after", 1),
    (calls.FORGET, "500", ALWAYS),
}


def _dynamodb() -> Iterable[Case]:
    for tell, step, well, ill in _STEPS:
        for name, fault in _PASSING.items():
            stored = step == calls.SAY and name in _ARRIVED
            lasting = "retryable error, stored" if stored else ill
            for times, answer in ((1, well), (ALWAYS, lasting)):
                yield Case(
                    tell, step, name, fault, times, answer, short=(step, name, times) in _SHORT
                )
        for name, fault in _FINAL.items():
            yield Case(tell, step, name, fault, 1, ill, short=(step, name, 1) in _SHORT)


def _lookups() -> Iterable[Case]:
    """Yield faults of the index query beside a put that fails, too, or is refused."""
    for name in ("dropped", "500", "400 throttled"):
        call = scenarios.publish, calls.SAY, name, _PASSING[name], ALWAYS
        ill, short = "retryable error, not stored", name == "500"
        yield Case(*call, ill, also=calls.INDEX, short=short)
    for name, fault in _PASSING.items():
        for times in (1, ALWAYS):
            refused = scenarios.refused, calls.INDEX, name, fault, times, "invalid_message, id"
            yield Case(*refused, short=name == "later than waited for" and times == ALWAYS)


def _disconnects() -> Iterable[Case]:
    for step in (calls.SUBSCRIPTIONS, calls.FORGET_ONE):
        for name in ("dropped", "reset before", "500", "400 throttled"):
            fault = _PASSING[name]
            short = name == "500"
            yield Case(scenarios.disconnect, step, name, fault, 1, "0 gone")
            yield Case(scenarios.disconnect, step, name, fault, ALWAYS, "1 gone", short=short)


def _batches() -> Iterable[Case]:
    for tell, step, well, ill in _STEPS:
        if step in {calls.SUBSCRIBE, calls.FORGET}:
            put = step == calls.SUBSCRIBE
            yield Case(tell, step, "partial", Partial(), 1, well, short=True)
            yield Case(tell, step, "none of it", Partial(none=True), 2, well)
            yield Case(tell, step, "partial", Partial(), ALWAYS, ill, short=put)


# How a post may end, for the publisher and for the subscriber who is replayed to.
_ALL, _FAILED, _GONE = (
    f"{a} accepted, {g} gone, {f} failed" for a, g, f in ((3, 0, 0), (2, 0, 1), (2, 1, 0))
)
_POSTS: tuple[tuple[str, Fault, int, str, str], ...] = (
    ("later than waited for", Delay(1.2), 1, _ALL, "subscribed, 3 replayed"),
    ("dropped", Drop(), 1, _ALL, "subscribed, 3 replayed"),
    ("dropped", Drop(), ALWAYS, _FAILED, "retryable error"),
    ("reset before", Reset(), 1, _ALL, "subscribed, 3 replayed"),
    ("reset before", Reset(), ALWAYS, _FAILED, "retryable error"),
    ("reset after", Reset(forwarded=True), 1, _ALL, "subscribed, 3 replayed"),
    ("reset after", Reset(forwarded=True), ALWAYS, _FAILED, "retryable error"),
    ("answer cut off", Cut(), 1, _ALL, "subscribed, 3 replayed"),
    ("429", Answer(429), 2, _ALL, "subscribed, 3 replayed"),
    ("429", Answer(429), ALWAYS, _FAILED, "retryable error"),
    ("500", Answer(500), 1, _ALL, "subscribed, 3 replayed"),
    ("500", Answer(500), ALWAYS, _FAILED, "retryable error"),
    ("403", Answer(403), 1, _FAILED, "retryable error"),
    ("410", Answer(410), 1, _ALL, "subscribed, 3 replayed"),
    ("410 for 150 ms", Lie(seconds=0.15), ALWAYS, _ALL, "subscribed, 3 replayed"),
    ("410", Answer(410), 2, _GONE, "forgotten as gone"),
    ("410", Answer(410), ALWAYS, _GONE, "forgotten as gone"),
    ("400", Answer(400), 1, _FAILED, "retryable error"),
)
_SHORT_POSTS = {
    ("dropped", 1),
    ("reset after", 1),
    ("429", 2),
    ("500", ALWAYS),
    ("403", 1),
    ("410", 1),
    ("410", 2),
    ("410 for 150 ms", ALWAYS),
    ("400", 1),
}


def _posts() -> Iterable[Case]:
    for name, fault, times, publisher, subscriber in _POSTS:
        short = (name, times) in _SHORT_POSTS
        yield Case(
            scenarios.publish, calls.POST, name, fault, times, publisher, one=True, short=short
        )
        yield Case(
            scenarios.subscribe,
            calls.POST,
            name,
            fault,
            times,
            subscriber,
            short=short and name not in {"dropped", "403", "400"},
        )
    yield Case(
        scenarios.publish,
        calls.POST,
        "410",
        Answer(410),
        2,
        _GONE,
        one=True,
        also=calls.FORGET,
        short=True,
    )


_SHORT_GARBAGE = {
    (calls.SAY, "200 without JSON"),
    (calls.SAID, "no chunks, as announced"),
    (calls.INDEX, "200 with half of its JSON"),
}
_HOLD_MESSAGES = {calls.SAY, calls.SAID, calls.POST}


def _garbage() -> Iterable[Case]:
    """Yield answers that are garbage; of an answer to a post only the status counts."""
    every = garbage.NO_JSON | garbage.NO_HTTP
    for tell, step, well, ill in _STEPS:
        lasting = "retryable error, stored" if step == calls.SAY else ill
        for name, fault in every.items():
            short = (step, name) in _SHORT_GARBAGE
            yield Case(tell, step, name, fault, 1, well)
            yield Case(tell, step, name, fault, ALWAYS, lasting, short=short)
    for name, fault in every.items():
        yield Case(scenarios.publish, calls.POST, name, fault, 1, _ALL, one=True)
        yield Case(scenarios.subscribe, calls.POST, name, fault, 1, "subscribed, 3 replayed")
    for name, fault in garbage.NO_HTTP.items():
        short = name == "a chunk longer than it says"
        post = calls.POST, name, fault, ALWAYS
        yield Case(scenarios.publish, *post, _FAILED, one=True, short=short)
        yield Case(scenarios.subscribe, *post, "retryable error")
    for step in (calls.SAY, calls.INDEX, calls.JOINED, calls.SUBSCRIBE, calls.SAID, calls.POST):
        for name, fault in every.items():
            short = step in _HOLD_MESSAGES and name == "no chunks, as announced"
            yield Case(scenarios.unlogged, step, name, fault, ALWAYS, "not logged", short=short)


def _deaths() -> Iterable[Case]:
    for tell, steps in (
        (crashes.killed_then_retried, (calls.INDEX, calls.POST)),
        (crashes.killed_then_heard, (calls.INDEX, calls.POST)),
        (crashes.subscribe_killed, (calls.SAID, calls.POST)),
    ):
        for step in steps:
            yield Case(tell, step, "SIGKILL before", Hold(), 1, "delivered", short=True)


CASES = (
    *_dynamodb(),
    *_lookups(),
    *_disconnects(),
    *_batches(),
    *_posts(),
    *_garbage(),
    *_deaths(),
)
"""For any stage."""


def _handshakes() -> Iterable[Case]:
    step, known, nobody = calls.KEYS, "who is known gets in", "nobody gets in"
    for name, fault in (_PASSING | garbage.NO_HTTP | garbage.NO_JSON).items():
        yield Case(
            handshakes.authorize_without_keys, step, name, fault, 1, known, short=name == "500"
        )
        yield Case(handshakes.authorize_without_keys, step, name, fault, ALWAYS, nobody)
        yield Case(
            handshakes.authorize_with_keys, step, name, fault, ALWAYS, known, short=name == "500"
        )
    for name, fault in (_FINAL | garbage.NO_KEYS).items():
        short = name in {"200 without keys", "no chunks, but keys"}
        yield Case(
            handshakes.authorize_without_keys, step, name, fault, ALWAYS, nobody, short=short
        )
        yield Case(handshakes.authorize_with_keys, step, name, fault, ALWAYS, known)


HANDSHAKES = tuple(_handshakes())
"""For a stage that looks at tokens."""
