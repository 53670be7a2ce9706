"""A fan-out by the shipped sender, and by boto3's client, where each post takes 10 ms."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from botocore.config import Config

from benchmarks.aws import connections_api
from benchmarks.figures import FanOut
from benchmarks.spread import percentiles, ratio
from lambdas.layer import Sender
from lambdas.layer.protocol.clock import system_clock
from lambdas.layer.protocol.topic import Topic
from tests.kit.deployed import session
from tools import ToolError

MANY: Final = 100
THREADS: Final = 16

_TOPIC: Final = Topic("shop", "fan-out")
_TEXT: Final = '{"client":"backend","message":"paid"}'

Variant = tuple[str, int]
"""The client, and how many connections it posts to."""

SHIPPED: Final = "the service's sender"


def measure(rounds: int) -> list[FanOut]:
    """Run every variant in turns, after one round to warm up."""
    with _slow_connections() as endpoint:
        variants = _variants(endpoint)
        samples: dict[Variant, list[float]] = {variant: [] for variant in variants}
        for number in range(rounds + 1):
            for variant, post_all in variants.items():
                taken = _milliseconds(post_all)
                if number > 0:
                    samples[variant].append(taken)
    return _summary(samples)


def _summary(samples: Mapping[Variant, list[float]]) -> list[FanOut]:
    one_post = samples[SHIPPED, 1]
    return [
        FanOut(
            by=by,
            connections=connections,
            milliseconds=percentiles(times),
            times_one_post=ratio(times, one_post),
        )
        for (by, connections), times in samples.items()
    ]


def _variants(endpoint: str) -> dict[Variant, Callable[[], object]]:
    ids = [f"connection-{number}" for number in range(MANY)]
    tomorrow = system_clock() + 24 * 60 * 60 * 1000
    sender = _sender(endpoint)
    post = _boto3_post(endpoint)
    threads = ThreadPoolExecutor(THREADS)

    def broadcast(connection_ids: list[str]) -> None:
        delivery = sender.broadcast([dict.fromkeys(connection_ids, tomorrow)], _TEXT)
        if delivery.accepted != len(connection_ids):
            raise ToolError(f"the fan-out failed: {delivery}")

    return {
        (SHIPPED, 1): lambda: broadcast(ids[:1]),
        (SHIPPED, MANY): lambda: broadcast(ids),
        (f"boto3's client in {THREADS} threads", MANY): lambda: list(threads.map(post, ids)),
        ("boto3's client, one by one", MANY): lambda: list(map(post, ids)),
    }


def _sender(endpoint: str) -> Sender:
    return Sender(connections_api(endpoint))


def _boto3_post(endpoint: str) -> Callable[[str], object]:
    client: Any = session().client(
        "apigatewaymanagementapi",
        endpoint_url=endpoint,
        config=Config(max_pool_connections=THREADS),
    )
    data = _TEXT.encode()
    return lambda connection_id: client.post_to_connection(ConnectionId=connection_id, Data=data)


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


@contextmanager
def _slow_connections() -> Iterator[str]:
    """Start the server, yield its endpoint; closing its standard input ends it."""
    command = (sys.executable, "-m", "benchmarks.slow_connections")
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise ToolError("the slow server was started without pipes")
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/stage"
        finally:
            process.stdin.close()
