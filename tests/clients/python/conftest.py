"""Clients of both kinds, closed when their test ends."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.clients.python.speaking import Awaited, Speaking
from ws_notify import Client, Timing

QUICK = Timing(backoff=0.01, longest_backoff=0.05)
"""Comes back at once, and waits for answers as long as ever."""

Connect = Callable[..., Speaking]


@pytest.fixture(params=["threads", "asyncio"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    with ExitStack() as stack:
        loop = stack.enter_context(closing(asyncio.new_event_loop()))

        def client(url: str, *, timing: Timing = QUICK, **more: Any) -> Speaking:
            if request.param == "threads":
                return stack.enter_context(closing(Client(url, timing=timing, **more)))
            return stack.enter_context(closing(Awaited(loop, url, timing=timing, **more)))

        yield client
