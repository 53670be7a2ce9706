"""A client that was used before a server forks its workers has a connection of its own in each.

gunicorn with preload, Celery's prefork pool, and gevent: each run once, as a process of its own.
"""

import os
import queue
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients.python.kit.server import TIMEOUT, Server, Visit, scripted

SHOP = """
import os

from ws_notify import Client

client = Client(os.environ["WS_NOTIFY_URL"])


def publish(name):
    client.publish(merchant_id="shop", ref="12303", project="checkout", type="payment",
                   message="paid", id=name, deadline=5)


publish("preloaded")
"""
WEB = f"""{SHOP}

def application(environ, start_response):
    publish("requested")
    start_response("200 OK", [])
    return [b"saved"]
"""
TASKS = f"""{SHOP}
from celery import Celery

folder = os.path.dirname(__file__)
app = Celery("shop", broker="filesystem://")
app.conf.broker_transport_options = {{
    "data_folder_in": folder, "data_folder_out": folder, "control_folder": folder
}}
task = app.task(publish, name="publish")
if os.environ.get("QUEUED"):
    task.delay(os.environ["QUEUED"])
"""
GREENLETS = f"""
from gevent import monkey; monkey.patch_all()
import gevent
{SHOP}
greenlets = [gevent.spawn(publish, name) for name in ("first", "second")]
gevent.joinall(greenlets, raise_error=True)
if not (child := os.fork()):
    publish("forked")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
publish("after")
"""


class Publishes:
    """The script of the server: it answers, and notes each id, and each end, by connection."""

    def __init__(self) -> None:
        self.closed: list[int] = []
        self._ids: queue.Queue[tuple[str, int]] = queue.Queue()

    def __call__(self, visit: Visit) -> None:
        with suppress(ConnectionClosed, TimeoutError):
            while True:
                frame = visit.receive()
                visit.answer(frame)
                self._ids.put((frame["id"], visit.number))
        self.closed.append(visit.number)

    def next(self) -> tuple[str, int]:
        """Wait for the next publish."""
        return self._ids.get(timeout=TIMEOUT)


@contextmanager
def running(
    folder: Path, text: str, server: Server, *arguments: str
) -> Iterator[subprocess.Popen[str]]:
    """Run a program beside a module `shop`; end it with all of its children."""
    (folder / "shop.py").write_text(text)
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "WS_NOTIFY_URL": server.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("worker", ["sync", "gevent"])
def test_a_worker_of_gunicorn_with_preload_publishes(tmp_path: Path, worker: str) -> None:
    publishes = Publishes()
    options = ("--bind", "127.0.0.1:0", "--no-control-socket", "--worker-class", worker)
    command = ("-m", "gunicorn", "--preload", *options, "shop:application")
    with scripted(publishes) as server, running(tmp_path, WEB, server, *command) as gunicorn:
        assert gunicorn.stdout
        (address,) = next(
            line.split("at: ")[1].split()[:1] for line in gunicorn.stdout if "Listening at" in line
        )
        for _ in range(2):
            with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:  # noqa: S310 - http
                assert answer.read() == b"saved"
        published = [publishes.next() for _ in range(3)]
        assert published == [("preloaded", 1), ("requested", 2), ("requested", 2)]
        assert publishes.closed == []  # the parent's stays


def test_a_worker_of_celery_publishes(tmp_path: Path) -> None:
    publishes = Publishes()
    options = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--concurrency", "1")
    command = ("-m", "celery", "--app", "shop", "worker", "--pool", "prefork", *options)
    with scripted(publishes) as server:
        for name in ("first", "second"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("QUEUED", name)
                with running(tmp_path, TASKS, server, "-m", "shop") as process:
                    assert process.wait(TIMEOUT) == 0
            assert publishes.next()[0] == "preloaded"
        with running(tmp_path, TASKS, server, *command):
            assert publishes.next() == ("preloaded", 3)
            tasks = [publishes.next() for _ in range(2)]
            assert sorted(tasks) == [("first", 4), ("second", 4)]
            assert 3 not in publishes.closed  # the parent's stays


def test_greenlets_share_a_client_which_works_in_a_forked_process_too(tmp_path: Path) -> None:
    publishes = Publishes()
    with scripted(publishes) as server:
        with running(tmp_path, GREENLETS, server, "-m", "shop") as process:
            output, _ = process.communicate(timeout=2 * TIMEOUT)
            assert (process.returncode, output) == (0, "")
        published = [publishes.next() for _ in range(5)]
        assert sorted(published[:3]) == [("first", 1), ("preloaded", 1), ("second", 1)]
        assert published[3:] == [("forked", 2), ("after", 1)]
