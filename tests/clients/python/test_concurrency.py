"""Clients that are shared, closed elsewhere, cancelled or garbage-collected."""

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest

from tests.clients.python.kit.clients import IMPATIENT, KINDS, PAYMENT, QUICK, Connect
from tests.clients.python.kit.frames import notification
from tests.clients.python.kit.server import TIMEOUT, Visit, scripted
from ws_notify import AsyncClient, Client, ClosedError, DeadlineError, Timeouts
from ws_notify.core.events import Event
from ws_notify.endpoint import Endpoint
from ws_notify.transport.sync import SyncTransport

IDS = [f"n-{number}" for number in range(16)]


class Observed:
    """A script, and events for when it is done and when the client has closed."""

    def __init__(self, script: Callable[[Visit], object]) -> None:
        self._script = script
        self.done = threading.Event()
        self.closed = threading.Event()

    def __call__(self, visit: Visit) -> None:
        self._script(visit)
        self.done.set()
        visit.wait_until_closed()
        self.closed.set()


def answer_one(visit: Visit) -> None:
    visit.answer(visit.receive())


def answer_and_notify(visit: Visit) -> None:
    answer_one(visit)
    visit.send(notification())


def test_threads_or_tasks_that_share_a_client_each_get_their_own_receipt(connect: Connect) -> None:
    with scripted(Visit.serve) as server, ThreadPoolExecutor(len(IDS)) as threads:
        client = connect(server.url)
        receipts = threads.map(lambda id_: client.publish(**PAYMENT, id=id_), IDS)
        assert [receipt.id for receipt in receipts] == IDS
        assert server.handshakes == 1


def test_a_publish_that_waits_for_another_keeps_its_deadline(connect: Connect) -> None:
    script = Observed(Visit.receive)
    with scripted(script) as server, ThreadPoolExecutor(1) as threads:
        client = connect(server.url)
        first = threads.submit(client.publish, **PAYMENT, deadline=TIMEOUT)
        assert script.done.wait(TIMEOUT)
        with pytest.raises(DeadlineError):
            client.publish(**PAYMENT, deadline=0.05)
        client.close()
        with pytest.raises(ClosedError):
            first.result(TIMEOUT)


def test_a_subscription_closed_by_another_thread_or_task_ends(connect: Connect) -> None:
    script = Observed(answer_one)
    with scripted(script) as server, ThreadPoolExecutor(1) as threads:
        subscription = connect(server.url).subscribe("shop", "12303")
        received = threads.submit(list, subscription)
        assert script.done.wait(TIMEOUT)
        subscription.close()
        assert received.result(TIMEOUT) == []


def test_a_subscription_closed_between_two_attempts_ends_at_once(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = threading.Event()
    for kind in KINDS:
        monkeypatch.setattr(f"ws_notify.transport.{kind}.log_loss", lambda _: lost.set())
    patient = Timeouts(backoff=10_000, longest_backoff=10_000)
    with scripted(503) as server, ThreadPoolExecutor(1) as threads:
        subscription = connect(server.url, timeouts=patient).subscribe("shop", "12303")
        received = threads.submit(lambda: list(subscription))
        assert lost.wait(TIMEOUT)
        subscription.close()
        assert received.result(TIMEOUT) == []


def test_a_subscription_whose_loop_is_left_closes_its_connection(connect: Connect) -> None:
    script = Observed(answer_and_notify)
    with scripted(script) as server:
        client = connect(server.url)
        for each in client.subscribe("shop", "12303"):
            assert each.id == "n-1"
            break
        gc.collect()  # where reference counts are not enough
        assert script.closed.wait(TIMEOUT)


def test_a_client_that_is_garbage_collected_closes_its_connection(connect: Connect) -> None:
    script = Observed(answer_one)
    with scripted(script) as server:
        connect(server.url, kept=False).publish(**PAYMENT)
        gc.collect()
        assert script.closed.wait(TIMEOUT)


def test_a_token_coroutine_that_ignores_its_cancellation_is_cancelled_again_at_close() -> None:
    cancelled = 0

    async def stubborn() -> str:
        nonlocal cancelled
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1
                if cancelled > 1:
                    raise

    async def subscribe() -> None:
        async with AsyncClient(
            "ws://127.0.0.1:1/dev", token=stubborn, timeouts=IMPATIENT
        ) as client:
            assert not await client.subscribe("shop", "12303").ready(0.05)

    asyncio.run(asyncio.wait_for(subscribe(), TIMEOUT))
    assert cancelled == 2


def test_a_cancelled_publish_leaves_no_answer_to_the_next() -> None:
    script = Observed(Visit.receive)

    async def publish(url: str) -> str:
        async with AsyncClient(url, timeouts=Timeouts(attempt=2 * TIMEOUT)) as client:
            first = asyncio.create_task(client.publish(**PAYMENT, id="first"))
            assert await asyncio.to_thread(script.done.wait, TIMEOUT)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            return (await client.publish(**PAYMENT, id="second")).id

    with scripted(script, Visit.serve) as server:
        assert asyncio.run(publish(server.url)) == "second"
        assert script.closed.wait(TIMEOUT)


def test_an_interrupted_publish_leaves_no_answer_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script, wait = Observed(Visit.receive), SyncTransport.wait

    def interrupted(transport: SyncTransport, seconds: float) -> list[Event]:
        if script.done.is_set() and not script.closed.is_set():
            monkeypatch.undo()
            raise KeyboardInterrupt
        return wait(transport, min(seconds, 0.01))

    with scripted(script, Visit.serve) as server:
        with Client(server.url, timeouts=Timeouts(attempt=2 * TIMEOUT)) as client:
            monkeypatch.setattr(SyncTransport, "wait", interrupted)
            with pytest.raises(KeyboardInterrupt):
                client.publish(**PAYMENT, id="first")
            assert client.publish(**PAYMENT, id="second").id == "second"
        assert script.closed.wait(TIMEOUT)


def test_a_token_function_that_blocks_does_not_block_the_event_loop() -> None:
    called, released = threading.Event(), threading.Event()

    def token() -> str:
        called.set()
        assert released.wait(TIMEOUT)
        return "t-1"

    async def subscribe(url: str) -> None:
        async with AsyncClient(url, token=token) as client:
            ready = asyncio.create_task(client.subscribe("shop", "12303").ready())
            assert await asyncio.to_thread(called.wait, TIMEOUT)
            released.set()
            assert await ready

    with scripted(Visit.serve) as server:
        asyncio.run(subscribe(server.url))


def test_a_cancelled_step_loses_no_notification() -> None:
    going = threading.Event()

    def script(visit: Visit) -> None:
        visit.answer(visit.receive())
        assert going.wait(TIMEOUT)
        visit.send(notification())
        visit.serve()

    async def listen(url: str) -> str:
        async with AsyncClient(url) as client, client.subscribe("shop", "12303") as subscription:
            assert await subscription.ready()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(subscription.__anext__(), 0.05)
            going.set()
            return (await subscription.__anext__()).id

    with scripted(script) as server:
        assert asyncio.run(listen(server.url)) == "n-1"


def test_a_connection_that_the_client_closed_is_not_logged_as_lost(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ws_notify")
    script = Observed(Visit.receive)
    with scripted(script, Visit.serve) as server:
        client = connect(server.url)
        with pytest.raises(DeadlineError):
            client.publish(**PAYMENT, deadline=0.3)
        assert script.closed.wait(TIMEOUT)
        client.publish(**PAYMENT)
        client.close()
    assert caplog.messages == []


def test_a_lost_connection_leaves_no_thread() -> None:
    before, going = set(threading.enumerate()), threading.Event()

    def lose(visit: Visit) -> None:
        visit.answer(visit.receive())
        assert going.wait(TIMEOUT)
        visit.close(1001)

    with scripted(lose) as server, Client(server.url) as client:
        subscription = client.subscribe("shop", "12303")
        assert subscription.ready()
        (thread,) = (each for each in set(threading.enumerate()) - before
                     if each.name == "ws-notify-1")  # fmt: skip
        going.set()
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def test_a_closed_client_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with scripted(Visit.serve) as server:
        with Client(server.url) as client, closing(client.subscribe("shop", "12303")) as listening:
            assert listening.ready()
            client.publish(**PAYMENT)
        ours = [each for each in threading.enumerate() if each.name.startswith("ws-notify")]
        assert set(ours) <= before


def test_a_wait_of_zero_seconds_returns_at_once() -> None:
    # In Python 3.10, a queue waits forever where its timeout passed before it began to wait, which
    # happens here sometimes: when a processor's cache has lost what the queue needs.
    endpoint, much = Endpoint("ws://127.0.0.1:1/dev", None, QUICK), bytearray(20_000_000)
    for _ in range(50):
        transport = SyncTransport(endpoint)
        much.reverse()
        assert transport.wait(0.0) == []


def test_a_publish_or_a_step_that_is_cancelled_ends_at_any_time() -> None:
    async def use() -> None:
        async with AsyncClient(server.url) as client:
            subscription = client.subscribe("shop", "12303")
            for steps in range(12):
                for start in (partial(client.publish, **PAYMENT), subscription.__anext__):
                    task = asyncio.ensure_future(start())
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    if task.cancel():
                        with pytest.raises(asyncio.CancelledError):
                            await task

    with scripted(Visit.serve) as server:
        asyncio.run(asyncio.wait_for(use(), TIMEOUT))
