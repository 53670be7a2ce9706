"""A client in another process or event loop: a connection of its own; the first one stays."""

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from tests.clients.python.kit.clients import PAYMENT
from tests.clients.python.kit.server import TIMEOUT, Visit, scripted
from ws_notify import AsyncClient, Client

pytestmark = pytest.mark.filterwarnings(
    # The case itself: Python 3.12 and newer warn of it.
    "ignore:.*multi-threaded, use of fork:DeprecationWarning"
)
METHODS = multiprocessing.get_all_start_methods()
FORKED = pytest.mark.parametrize("method", [each for each in METHODS if each == "fork"])


def publish(client: Client, answers: Any, id_: str) -> None:
    began = time.monotonic()
    client.publish(**PAYMENT, id=id_)
    answers.put(time.monotonic() - began)
    client.close()


def listen(client: Client, answers: Any, _: str) -> None:
    answers.put(client.subscribe("shop", "12303").ready())
    client.close()


def in_child(method: str, target: Callable[..., None], *arguments: Any) -> Any:
    """Call it in a process; return what it put into the queue."""
    context: Any = multiprocessing.get_context(method)
    answers = context.Queue()
    arguments = (*arguments[:1], answers, *arguments[1:])
    child = context.Process(target=target, args=arguments)
    child.start()
    try:
        answer = answers.get(timeout=2 * TIMEOUT)
        child.join(2 * TIMEOUT)
        assert child.exitcode == 0
    finally:
        child.kill()
        child.join()
        answers.close()
        answers.join_thread()
    return answer


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", [publish, listen])
def test_a_client_in_another_process_has_its_own_connection_and_the_parents_stays(
    method: str, target: Callable[..., None]
) -> None:
    with scripted(Visit.serve) as server, Client(server.url) as client:
        client.publish(**PAYMENT)
        answer = in_child(method, target, client, "child")
        assert answer is True or answer < 1.5  # not after the timeout of a first attempt
        client.publish(**PAYMENT)
        assert server.handshakes == 2


@FORKED
def test_a_process_that_was_forked_while_a_thread_publishes_publishes_itself(method: str) -> None:
    received = threading.Event()

    def first(visit: Visit) -> None:
        frame = visit.receive()
        received.set()
        assert answering.wait(2 * TIMEOUT)
        visit.answer(frame)
        visit.serve()

    answering = threading.Event()
    with scripted(first, Visit.serve) as server, Client(server.url) as client:
        publishing = threading.Thread(target=client.publish, kwargs={**PAYMENT, "deadline": 60})
        publishing.start()
        assert received.wait(TIMEOUT)
        assert in_child(method, publish, client, "child") < 1.5
        answering.set()
        publishing.join(TIMEOUT)
        assert not publishing.is_alive()


@pytest.mark.parametrize(
    "run",
    [lambda call: asyncio.run(call()), lambda call: async_to_sync(call)()],
    ids=["asyncio.run", "async_to_sync"],
)
def test_a_client_in_a_second_event_loop_has_a_connection_there(run: Any) -> None:
    with scripted(Visit.serve) as server:
        client = AsyncClient(server.url)

        async def use() -> None:
            await client.publish(**PAYMENT, deadline=5)
            subscription = client.subscribe("shop", "12303")
            assert await subscription.ready()
            await client.publish(**PAYMENT, deadline=5)

        run(use)
        run(use)
        asyncio.run(client.aclose())
        assert server.handshakes == 4


def test_a_client_in_event_loops_of_several_threads_has_a_connection_in_each() -> None:
    # As with async_to_sync in a server of threads.
    barrier = threading.Barrier(3)

    async def use() -> None:
        for _ in range(5):
            barrier.wait(TIMEOUT)  # all in the same state
            await client.publish(**PAYMENT, deadline=5)

    with scripted(Visit.serve) as server, ThreadPoolExecutor(3) as threads:
        client = AsyncClient(server.url)
        for each in [threads.submit(asyncio.run, use()) for _ in range(3)]:
            each.result(2 * TIMEOUT)
        assert server.handshakes == 3


def test_a_subscription_in_a_second_event_loop_goes_on_there() -> None:
    with scripted(Visit.serve) as server:
        subscription = AsyncClient(server.url).subscribe("shop", "12303")
        assert asyncio.run(subscription.ready())
        assert asyncio.run(subscription.ready())
        asyncio.run(subscription.aclose())
        assert server.handshakes == 2


@FORKED
def test_an_async_client_in_another_process_leaves_the_parents_connection_alone(
    method: str,
) -> None:
    with scripted(Visit.serve) as server:
        client = AsyncClient(server.url)

        async def parent() -> None:
            await client.publish(**PAYMENT)
            answer = in_child(method, publish_async, client)
            assert answer == "child"
            await client.publish(**PAYMENT)
            await client.aclose()

        asyncio.run(parent())
        assert server.handshakes == 2


def publish_async(client: AsyncClient, answers: Any) -> None:
    async def use() -> str:
        return (await client.publish(**PAYMENT, id="child")).id

    answers.put(asyncio.run(use()))
