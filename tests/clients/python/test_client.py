"""What only threads, or only tasks, do with a client: share it, close it, leave it, forget it."""

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.clients.python.frames import notification
from tests.clients.python.scripted import PATIENCE, Visit, scripted
from tests.clients.python.speaking import PAYMENT, QUICK
from ws_notify import AsyncClient, Client, ClosedError, DeadlineError
from ws_notify.address import Address
from ws_notify.threads import Links

IDS = [f"n-{number}" for number in range(16)]


class Waiting:
    """A script that serves, and says when it has heard and when the client has left."""

    def __init__(self, script: Callable[[Visit], object]) -> None:
        self._script = script
        self.heard = threading.Event()
        self.left = threading.Event()

    def __call__(self, visit: Visit) -> None:
        self._script(visit)
        self.heard.set()
        visit.farewell()
        self.left.set()


def answering(visit: Visit) -> None:
    visit.answer(visit.hear())


def test_threads_that_share_a_client_each_get_their_own_receipt() -> None:
    with (
        scripted(Visit.serve) as server,
        Client(server.url) as client,
        ThreadPoolExecutor(len(IDS)) as threads,
    ):
        receipts = threads.map(lambda id_: client.publish(**PAYMENT, id=id_), IDS)
        assert [receipt.id for receipt in receipts] == IDS
        assert server.handshakes == 1


def test_so_do_tasks() -> None:
    async def publish(url: str) -> list[str]:
        async with AsyncClient(url) as client:
            publishing = (client.publish(**PAYMENT, id=id_) for id_ in IDS)
            return [receipt.id for receipt in await asyncio.gather(*publishing)]

    with scripted(Visit.serve) as server:
        assert asyncio.run(publish(server.url)) == IDS
        assert server.handshakes == 1


def test_a_thread_that_waits_for_another_keeps_its_deadline() -> None:
    script = Waiting(Visit.hear)
    with (
        scripted(script) as server,
        Client(server.url) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        first = threads.submit(client.publish, **PAYMENT, deadline=PATIENCE)
        assert script.heard.wait(PATIENCE)
        with pytest.raises(DeadlineError):
            client.publish(**PAYMENT, deadline=0.05)
        client.close()
        with pytest.raises(ClosedError):
            first.result(PATIENCE)


def test_a_task_that_waits_for_another_keeps_its_deadline() -> None:
    script = Waiting(Visit.hear)

    async def publish(url: str) -> None:
        async with AsyncClient(url) as client:
            first = asyncio.create_task(client.publish(**PAYMENT, deadline=PATIENCE))
            assert await asyncio.to_thread(script.heard.wait, PATIENCE)
            with pytest.raises(DeadlineError):
                await client.publish(**PAYMENT, deadline=0.05)
        with pytest.raises(ClosedError):
            await first

    with scripted(script) as server:
        asyncio.run(publish(server.url))


def test_a_publish_that_is_cancelled_leaves_no_answer_to_the_next() -> None:
    script = Waiting(Visit.hear)

    async def publish(url: str) -> str:
        async with AsyncClient(url, timing=QUICK) as client:
            first = asyncio.create_task(client.publish(**PAYMENT, id="first"))
            assert await asyncio.to_thread(script.heard.wait, PATIENCE)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            return (await client.publish(**PAYMENT, id="second")).id

    with scripted(script, Visit.serve) as server:
        assert asyncio.run(publish(server.url)) == "second"
        assert script.left.wait(PATIENCE)


def test_another_thread_may_close_what_one_listens_to() -> None:
    script = Waiting(answering)
    with (
        scripted(script) as server,
        Client(server.url) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        listening = threads.submit(list, client.subscribe("shop", "12303"))
        assert script.heard.wait(PATIENCE)
        client.close()
        assert listening.result(PATIENCE) == []


def test_another_task_may_close_what_one_listens_to() -> None:
    script = Waiting(answering)

    async def listen(url: str) -> list[str]:
        async with AsyncClient(url) as client:
            subscription = client.subscribe("shop", "12303")

            async def ids() -> list[str]:
                return [each.id async for each in subscription]

            listening = asyncio.create_task(ids())
            assert await asyncio.to_thread(script.heard.wait, PATIENCE)
            await subscription.aclose()
            return await listening

    with scripted(script) as server:
        assert asyncio.run(listen(server.url)) == []


def test_a_step_that_is_cancelled_loses_no_notification() -> None:
    going = threading.Event()

    def script(visit: Visit) -> None:
        visit.answer(visit.hear())
        assert going.wait(PATIENCE)
        visit.say(notification())
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


def test_a_loop_that_is_left_closes_its_connection() -> None:
    def saying(visit: Visit) -> None:
        answering(visit)
        visit.say(notification())

    script = Waiting(saying)
    with scripted(script) as server, Client(server.url) as client:
        for each in client.subscribe("shop", "12303"):
            assert each.id == "n-1"
            break
        gc.collect()  # where counting references is not enough
        assert script.left.wait(PATIENCE)


def test_so_does_an_asynchronous_one() -> None:
    def saying(visit: Visit) -> None:
        answering(visit)
        visit.say(notification())

    script = Waiting(saying)

    async def listen(url: str) -> None:
        async with AsyncClient(url) as client:
            async for each in client.subscribe("shop", "12303"):
                assert each.id == "n-1"
                break
            gc.collect()
            assert await asyncio.to_thread(script.left.wait, PATIENCE)

    with scripted(script) as server:
        asyncio.run(listen(server.url))


def test_a_client_that_is_forgotten_closes_its_connection() -> None:
    script = Waiting(answering)
    with scripted(script) as server:
        Client(server.url).publish(**PAYMENT)
        gc.collect()
        assert script.left.wait(PATIENCE)


def test_so_does_an_asynchronous_client() -> None:
    script = Waiting(answering)

    async def publish(url: str) -> None:
        await AsyncClient(url).publish(**PAYMENT)
        gc.collect()
        assert await asyncio.to_thread(script.left.wait, PATIENCE)

    with scripted(script) as server:
        asyncio.run(publish(server.url))


def test_a_client_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with scripted(Visit.serve) as server:
        with Client(server.url) as client, closing(client.subscribe("shop", "12303")) as listening:
            assert listening.ready()
            client.publish(**PAYMENT)
        ours = [each for each in threading.enumerate() if each.name.startswith("ws-notify")]
        assert set(ours) <= before


def test_a_wait_of_no_time_ends() -> None:
    # In Python 3.10, a queue waits for ever where its timeout passed before it began to wait: so
    # it does here sometimes, when a processor's cache has lost what the queue needs.
    address, much = Address("ws://127.0.0.1:1/dev", None, QUICK), bytearray(20_000_000)
    for _ in range(50):
        links = Links(address)
        much.reverse()
        assert links.wait(0.0) == []
