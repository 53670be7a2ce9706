"""The Python package in an environment of its own, without and with its extra."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.python.kit.http import stage

PACKAGE = Path(__file__).parents[2] / "clients/python"
PROGRAM = """
import asyncio, sys
from ws_notify import AsyncHttpPublisher, HttpPublisher

url, fields = sys.argv[1], dict(merchant_id="shop", ref="1", project="p", type="t", message="m")
with HttpPublisher(url) as publisher:
    print(publisher.publish(**fields).accepted)


async def publish():
    async with AsyncHttpPublisher(url) as publisher:
        print((await publisher.publish(**fields)).accepted)


asyncio.run(publish())
"""
Python = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Python:
    """Return the interpreter of an environment that has pip alone."""
    folder = tmp_path_factory.mktemp("wheel")
    venv.create(folder / "venv", with_pip=True)
    # The path of the tests holds the package's sources.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    programs = "Scripts" if sys.platform == "win32" else "bin"

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [folder / "venv" / programs / "python", *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def install(python: Python, extra: str) -> None:
    done = python("-m", "pip", "install", "--quiet", f"{PACKAGE}{extra}")
    assert done.returncode == 0, done.stderr


def test_without_the_extra_the_blocking_publisher_works_and_the_other_names_it(
    python: Python,
) -> None:
    install(python, "")
    with stage() as api:
        done = python("-W", "error", "-c", PROGRAM, api.endpoint)
    assert done.stdout == "1\n"
    assert done.stderr.endswith("AsyncHttpPublisher needs httpx: pip install 'ws-notify[httpx]'\n")


def test_with_the_extra_both_publish(python: Python) -> None:
    install(python, "[httpx]")
    with stage() as api:
        done = python("-W", "error", "-c", PROGRAM, api.endpoint)
    assert (done.stdout, done.stderr) == ("1\n1\n", "")
