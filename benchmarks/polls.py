"""From the request of a poll to its answer, and the floor, over HTTP and in turns.

The function logs each event meanwhile: after an invocation that writes no line, such as a poll that
brings nothing, the local AWS waits 50 ms for one before it answers.
"""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.aws import dynamodb
from benchmarks.figures import Rounds
from benchmarks.plan import Plan
from benchmarks.poll_floor import poll_floor
from benchmarks.retained import entries
from benchmarks.rows import write
from lambdas.layer.protocol.topic import Topic
from tests.kit.deployed import changed_environment, function_names, session
from tools import ToolError
from tools.deploy import LocalStage

FLOOR: Final = "the floor: an answer at once"
NOTHING: Final = "a ref without notifications"

_STORED: Final = {NOTHING: 0, "a ref with 1 of 1 KB": 1, "a ref with 100 of 1 KB": 100}
_TIMEOUT_SECONDS: Final = 30


def measure(stage: LocalStage, plan: Plan) -> dict[str, Rounds]:
    """Return the milliseconds of each poll, round by round; the floor's come first."""
    client = dynamodb(stage.endpoint)
    for stored in _STORED.values():
        write(client, entries(stage.environment["LEDGER_TABLE"], _topic(stored), stored))
    with ExitStack() as stack:
        stack.enter_context(_logging_events(stage))
        floor = stack.enter_context(_asking(stack.enter_context(poll_floor(stage))))
        service = stack.enter_context(_asking(stage.http_url))
        polls = {FLOOR: (floor, 0)} | {name: (service, of) for name, of in _STORED.items()}
        samples: dict[str, list[list[float]]] = {name: [] for name in polls}
        for number in range(-1, plan.latency_rounds):  # the first one, to warm up, does not count
            # There and back, so that what drifts with time favours none.
            names = list(polls) if number % 2 else list(polls)[::-1]
            of_a_round: dict[str, list[float]] = {name: [] for name in polls}
            for _ in range(plan.publishes_a_round):
                for name in names:
                    ask, stored = polls[name]
                    of_a_round[name].append(_milliseconds(ask, stored))
            if number >= 0:
                for name, some in of_a_round.items():
                    samples[name].append(some)
    return dict(samples)


def _topic(stored: int) -> Topic:
    return Topic("shop", f"polled-{stored}")


def _milliseconds(ask: Callable[[str], Any], stored: int) -> float:
    topic = _topic(stored)
    body = json.dumps({"merchant_id": topic.merchant_id, "ref": topic.ref})
    started = time.perf_counter()
    answer = ask(body)
    ended = time.perf_counter()
    if len(json.loads(answer)["notifications"]) != stored:
        raise ToolError(f"the service answered {answer!r}, where {stored} were expected")
    return (ended - started) * 1000


@contextmanager
def _logging_events(stage: LocalStage) -> Iterator[None]:
    functions = session().client("lambda", endpoint_url=stage.endpoint)
    (default,) = function_names(functions, "DefaultFunction")
    with changed_environment(functions, default, POWERTOOLS_LOGGER_LOG_EVENT="true"):
        yield


@contextmanager
def _asking(url: str) -> Iterator[Callable[[str], bytes]]:
    """Give what sends a poll over one connection and returns the text of its answer."""
    base = urlsplit(url)
    connection = http.client.HTTPConnection(base.netloc, timeout=_TIMEOUT_SECONDS)
    with closing(connection):

        def ask(body: str) -> bytes:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"{base.path}/notifications", body, headers)
            return connection.getresponse().read()

        yield ask
