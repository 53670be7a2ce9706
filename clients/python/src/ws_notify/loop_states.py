"""What an AsyncClient has in each event loop: its connection for publishing."""

import asyncio
import os
import random
from dataclasses import dataclass

from ws_notify.core.publisher import Publisher
from ws_notify.endpoint import Endpoint
from ws_notify.transport.asyncio import AsyncioTransport, Tasks


@dataclass(frozen=True, slots=True)
class LoopState:
    """Of one loop in one process. `tasks` are those of all the client's connections there."""

    process: int
    tasks: Tasks
    transport: AsyncioTransport
    publisher: Publisher
    publishing: asyncio.Lock

    async def acquire(self, seconds: float) -> bool:
        """Wait for `publishing`, at most so many seconds; tell whether it is acquired.

        Not `wait_for`: before Python 3.12 it may drop a cancellation that comes with the result.
        """
        acquiring = asyncio.ensure_future(self.publishing.acquire())
        try:
            await asyncio.wait([acquiring], timeout=seconds)
        except asyncio.CancelledError:
            if acquiring.done():
                self.publishing.release()
            raise
        finally:
            acquiring.cancel()
        return acquiring.done()


class LoopStates:
    """One for each loop that used the client; loops may run in several threads at once.

    Without a lock: only its own thread adds a loop's, and single steps on a dict are atomic.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._states: dict[asyncio.AbstractEventLoop, LoopState] = {}

    def enter(self) -> LoopState:
        """Return that of the running loop, a new one at first. Raises RuntimeError without one."""
        loop = asyncio.get_running_loop()
        state = self._states.get(loop)
        if state is None or state.process != os.getpid():
            self._drop_ended()
            state = self._states[loop] = self._new()
        return state

    def _new(self) -> LoopState:
        tasks: Tasks = set()
        timeouts, renewable = self._endpoint.timeouts, self._endpoint.renewable
        return LoopState(
            os.getpid(),
            tasks,
            AsyncioTransport(self._endpoint, tasks),
            Publisher(timeouts, random.random, renewable=renewable),
            asyncio.Lock(),
        )

    def _drop_ended(self) -> None:
        """Drop those of closed loops and of the parent's, whose connections are left alone."""
        for loop, state in list(self._states.items()):
            if loop.is_closed() or state.process != os.getpid():
                self._states.pop(loop, None)

    def forget(self) -> None:
        """Close every connection, each in its loop, and wait for none."""
        for state in list(self._states.values()):
            state.transport.forget()
