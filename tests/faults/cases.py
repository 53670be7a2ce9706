"""The table of what is injected: a fault at each step of each scenario, and the expected reply."""

from collections.abc import Iterable

from tests.faults import crashes, malformed, polls, scenarios
from tests.faults.case import Case, Scenario
from tests.kit.proxy.faults import (
    ALWAYS,
    Delay,
    Drop,
    Fault,
    Hold,
    Reset,
    Response,
    Truncate,
    Unprocessed,
    dynamodb_error,
)
from tests.kit.proxy.requests import Step

# A call or a post times out after a second.
RETRYABLE: dict[str, Fault] = {
    "delayed past the timeout": Delay(1.2),
    "dropped": Drop(),
    "reset before": Reset(),
    "reset after": Reset(forwarded=True),
    "truncated": Truncate(),
    "500": Response(500),
    "503 without JSON": Response(503, b"<html>"),
    "400 throttled": dynamodb_error("ProvisionedThroughputExceededException"),
    "429": Response(429),
}
_FORWARDED = {"delayed past the timeout", "reset after", "truncated"}
FINAL: dict[str, Fault] = {
    "400 validation": dynamodb_error("ValidationException"),
    "400 without JSON": Response(400, b""),
}

_RECEIPT, _FAILED, _GONE = (
    f"{a} accepted, {g} gone, {f} failed" for a, g, f in ((3, 0, 0), (2, 0, 1), (2, 1, 0))
)
_REPLAYED = "subscribed, 3 replayed"
_ERROR = "retryable error"
_POLLED, _UNAVAILABLE = "notifications", "status 503"
_STORED, _NOT_STORED = f"{_ERROR}, stored", f"{_ERROR}, not stored"

_STEPS: tuple[tuple[Scenario, Step, str, str], ...] = (
    (scenarios.publish, Step.PUT_NOTIFICATION, _RECEIPT, _NOT_STORED),
    (scenarios.publish, Step.QUERY_INDEX, _RECEIPT, _STORED),
    (scenarios.publish, Step.QUERY_RECENT_SUBSCRIPTIONS, _RECEIPT, _STORED),
    (scenarios.subscribe, Step.PUT_SUBSCRIPTION, _REPLAYED, _ERROR),
    (scenarios.subscribe, Step.QUERY_NOTIFICATIONS, _REPLAYED, _ERROR),
    (scenarios.unsubscribe, Step.DELETE_SUBSCRIPTIONS, "unsubscribed", _ERROR),
    (polls.poll, Step.QUERY_NOTIFICATIONS, _POLLED, _UNAVAILABLE),
)
"""The reply where a retry of the call succeeds, and where none does."""

_SHORT = {
    (Step.PUT_NOTIFICATION, "delayed past the timeout", 1),
    (Step.PUT_NOTIFICATION, "reset after", 1),
    (Step.PUT_NOTIFICATION, "reset after", ALWAYS),
    (Step.PUT_NOTIFICATION, "500", ALWAYS),
    (Step.QUERY_INDEX, "reset before", 1),
    (Step.QUERY_INDEX, "400 throttled", ALWAYS),
    (Step.QUERY_RECENT_SUBSCRIPTIONS, "truncated", 1),
    (Step.QUERY_RECENT_SUBSCRIPTIONS, "400 validation", 1),
    (Step.PUT_SUBSCRIPTION, "reset after", 1),
    (Step.PUT_SUBSCRIPTION, "reset before", ALWAYS),
    (Step.PUT_SUBSCRIPTION, "429", 1),
    (Step.QUERY_NOTIFICATIONS, "dropped", 1),
    (Step.QUERY_NOTIFICATIONS, "500", ALWAYS),
    (Step.DELETE_SUBSCRIPTIONS, "reset after", 1),
    (Step.DELETE_SUBSCRIPTIONS, "500", ALWAYS),
}


def _dynamodb() -> Iterable[Case]:
    for scenario, step, retried, failed in _STEPS:
        for name, fault in RETRYABLE.items():
            stored = step == Step.PUT_NOTIFICATION and name in _FORWARDED
            for times, reply in ((1, retried), (ALWAYS, _STORED if stored else failed)):
                short = (step, name, times) in _SHORT
                yield Case(scenario, step, name, fault, times, reply, short=short)
        for name, fault in FINAL.items():
            short = (step, name, 1) in _SHORT
            yield Case(scenario, step, name, fault, 1, failed, short=short)


def _lookups() -> Iterable[Case]:
    """Yield faults of the index query beside a put that fails, too, or meets a conflict."""
    for name in ("dropped", "500", "400 throttled"):
        case = scenarios.publish, Step.PUT_NOTIFICATION, name, RETRYABLE[name], ALWAYS
        yield Case(*case, _NOT_STORED, also=Step.QUERY_INDEX, short=name == "500")
    for name, fault in RETRYABLE.items():
        for times in (1, ALWAYS):
            case = scenarios.conflict, Step.QUERY_INDEX, name, fault, times
            short = name == "delayed past the timeout" and times == ALWAYS
            yield Case(*case, "invalid_message, id", short=short)


def _disconnects() -> Iterable[Case]:
    for step in (Step.QUERY_SUBSCRIPTIONS, Step.DELETE_SUBSCRIPTION):
        for name in ("dropped", "reset before", "500", "400 throttled"):
            case = scenarios.disconnect, step, name, RETRYABLE[name]
            yield Case(*case, 1, "0 gone")
            yield Case(*case, ALWAYS, "1 gone", short=name == "500")


def _batches() -> Iterable[Case]:
    for scenario, step, retried, failed in _STEPS:
        if step in {Step.PUT_SUBSCRIPTION, Step.DELETE_SUBSCRIPTIONS}:
            put = step == Step.PUT_SUBSCRIPTION
            some, none = Unprocessed(), Unprocessed(everything=True)
            yield Case(scenario, step, "partly unprocessed", some, 1, retried, short=True)
            yield Case(scenario, step, "all unprocessed", none, 2, retried)
            yield Case(scenario, step, "partly unprocessed", some, ALWAYS, failed, short=put)


_POSTS: tuple[tuple[str, Fault, int, str, str], ...] = (
    ("delayed past the timeout", Delay(1.2), 1, _RECEIPT, _REPLAYED),
    ("dropped", Drop(), 1, _RECEIPT, _REPLAYED),
    ("dropped", Drop(), ALWAYS, _FAILED, _ERROR),
    ("reset before", Reset(), 1, _RECEIPT, _REPLAYED),
    ("reset before", Reset(), ALWAYS, _FAILED, _ERROR),
    ("reset after", Reset(forwarded=True), 1, _RECEIPT, _REPLAYED),
    ("reset after", Reset(forwarded=True), ALWAYS, _FAILED, _ERROR),
    ("truncated", Truncate(), 1, _RECEIPT, _REPLAYED),
    ("429", Response(429), 2, _RECEIPT, _REPLAYED),
    ("429", Response(429), ALWAYS, _FAILED, _ERROR),
    ("500", Response(500), 1, _RECEIPT, _REPLAYED),
    ("500", Response(500), ALWAYS, _FAILED, _ERROR),
    ("403", Response(403), 1, _FAILED, _ERROR),
    ("410", Response(410), 1, _RECEIPT, _REPLAYED),
    ("410 for 150 ms", Response(410, seconds=0.15), ALWAYS, _RECEIPT, _REPLAYED),
    ("410", Response(410), 2, _GONE, "pruned as gone"),
    ("410", Response(410), ALWAYS, _GONE, "pruned as gone"),
    ("400", Response(400), 1, _FAILED, _ERROR),
)
"""The reply to a publish, and to a subscribe."""

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
    for name, fault, times, receipt, subscribed in _POSTS:
        case = Step.POST, name, fault, times
        short = (name, times) in _SHORT_POSTS
        yield Case(scenarios.publish, *case, receipt, one=True, short=short)
        short = short and name not in {"dropped", "403", "400"}
        yield Case(scenarios.subscribe, *case, subscribed, short=short)
    twice = scenarios.publish, Step.POST, "410", Response(410), 2, _GONE
    yield Case(*twice, one=True, also=Step.DELETE_SUBSCRIPTIONS, short=True)


_SHORT_MALFORMED = {
    (Step.PUT_NOTIFICATION, "200 without JSON"),
    (Step.QUERY_NOTIFICATIONS, "no chunks, as announced"),
    (Step.QUERY_INDEX, "200 with half of its JSON"),
}
_LOGGED = (Step.PUT_NOTIFICATION, Step.QUERY_NOTIFICATIONS, Step.POST)
"""Steps whose requests or responses hold notifications."""


def _malformed() -> Iterable[Case]:
    """Yield malformed responses; of a response to a post only the status counts."""
    every = malformed.INVALID_JSON | malformed.INVALID_HTTP
    for scenario, step, retried, failed in _STEPS:
        lasting = _STORED if step == Step.PUT_NOTIFICATION else failed
        for name, fault in every.items():
            short = (step, name) in _SHORT_MALFORMED
            yield Case(scenario, step, name, fault, 1, retried)
            yield Case(scenario, step, name, fault, ALWAYS, lasting, short=short)
    for name, fault in every.items():
        yield Case(scenarios.publish, Step.POST, name, fault, 1, _RECEIPT, one=True)
        yield Case(scenarios.subscribe, Step.POST, name, fault, 1, _REPLAYED)
    for name, fault in malformed.INVALID_HTTP.items():
        short = name == "chunk longer than its size"
        case = Step.POST, name, fault, ALWAYS
        yield Case(scenarios.publish, *case, _FAILED, one=True, short=short)
        yield Case(scenarios.subscribe, *case, _ERROR)
    for step in (*(one for _, one, _, _ in _STEPS[:5]), Step.POST):
        for name, fault in every.items():
            short = step in _LOGGED and name == "no chunks, as announced"
            yield Case(scenarios.logs, step, name, fault, ALWAYS, "not logged", short=short)


def _queries() -> Iterable[Case]:
    """Yield responses to a query that DynamoDB would not send, and responses in pages."""
    step = Step.QUERY_NOTIFICATIONS
    for name, fault in malformed.INVALID_ITEMS.items():
        short = name == "200 with items without text"
        yield Case(scenarios.subscribe, step, name, fault, 1, _ERROR)
        yield Case(polls.poll, step, name, fault, 1, _UNAVAILABLE, short=short)
    for name, fault in malformed.INVALID_TEXTS.items():
        yield Case(polls.poll, step, name, fault, 1, _UNAVAILABLE)
    for scenario, whole, failed in (
        (scenarios.subscribe, _REPLAYED, _ERROR),
        (polls.poll, _POLLED, _UNAVAILABLE),
    ):
        case = scenario, step, "first page", malformed.FIRST_PAGE, 1
        short = scenario is polls.poll
        yield Case(*case, whole)
        yield Case(*case, failed, also=step, short=short)


def _crashes() -> Iterable[Case]:
    for scenario, query in (
        (crashes.crash_then_retry, Step.QUERY_INDEX),
        (crashes.crash_then_resubscribe, Step.QUERY_INDEX),
        (crashes.crash_in_subscribe, Step.QUERY_NOTIFICATIONS),
    ):
        for step in (query, Step.POST):
            yield Case(scenario, step, "SIGKILL before", Hold(), 1, "delivered", short=True)


CASES = (
    *_dynamodb(),
    *_lookups(),
    *_disconnects(),
    *_batches(),
    *_posts(),
    *_malformed(),
    *_queries(),
    *_crashes(),
)
"""For any stage; those for one that requires tokens are in `handshake_cases`."""
