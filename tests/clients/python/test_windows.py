"""What Windows lacks is not needed, and no wait is so long that Ctrl-C does not get through."""

import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from tests.clients.python.kit.clients import PAYMENT, QUICK
from tests.clients.python.kit.server import TIMEOUT, Visit, scripted
from tests.clients.python.kit.service import Service
from ws_notify import Client, DeadlineError
from ws_notify.cli.tail import tail
from ws_notify.endpoint import Endpoint
from ws_notify.values import Topic

PROGRAM = """
import asyncio, importlib, os, pkgutil, select, signal, sys

for module, name in ((os, "fork"), (os, "register_at_fork"), (select, "poll"), (signal, "SIGHUP")):
    if hasattr(module, name):
        delattr(module, name)
sys.modules["fcntl"] = None

import ws_notify
from ws_notify.cli.main import main

for each in pkgutil.walk_packages(ws_notify.__path__, "ws_notify."):
    if not each.name.endswith("__main__"):
        importlib.import_module(each.name)
url = sys.argv[1]
fields = dict(merchant_id="shop", ref="1", project="p", type="t", message="m")
with ws_notify.Client(url) as client:
    client.publish(**fields)
    assert next(client.subscribe("shop", "1")).message == "m"


async def use():
    async with ws_notify.AsyncClient(url) as client:
        await client.publish(**{**fields, "ref": "2"})


asyncio.run(use())
assert main(["listen", "--count", "1", "--url", url, "shop", "1"]) == 0
"""


def test_the_package_works_without_what_windows_lacks() -> None:
    with scripted(Service()) as server:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, server.url],
            capture_output=True, text=True, timeout=3 * TIMEOUT, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr


class Recording(queue.SimpleQueue[Any]):
    """A queue that records how long each wait of it may last."""

    waits: ClassVar[list[float | None]] = []

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - the queue's own
        if threading.current_thread() is threading.main_thread():  # the one that Ctrl-C interrupts
            self.waits.append(timeout)
        return super().get(block, timeout)


def _publish(url: str) -> None:
    with Client(url, timeouts=QUICK) as client, pytest.raises(DeadlineError):
        client.publish(**PAYMENT, deadline=1.5)


def _ready(url: str) -> None:
    with Client(url, timeouts=QUICK) as client:
        assert client.subscribe("shop", "12303").ready()
        assert not list(client.subscribe("shop", "12303", timeout=1.5))


def _tail(url: str) -> None:
    next(tail(Endpoint(url, None, QUICK), [Topic("shop", "1")]))


@pytest.mark.parametrize("use", [_publish, _ready, _tail])
def test_no_wait_is_longer_than_a_second(
    monkeypatch: pytest.MonkeyPatch, use: Callable[[str], None]
) -> None:
    monkeypatch.setattr(Recording, "waits", [])
    with scripted(Visit.hold if use is _publish else Service()) as server:
        monkeypatch.setattr(queue, "SimpleQueue", Recording)
        use(server.url)
    assert Recording.waits
    assert all(wait is not None and wait <= 1.0 for wait in Recording.waits)
