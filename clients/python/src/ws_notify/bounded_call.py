"""Calls that end in time, though nothing bounds what they do, e.g. name resolution."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def call_with_timeout(seconds: float, call: Callable[[], Result]) -> Result | None:
    """Call in a thread that may be left behind; None where it has not returned in time.

    What it raises is raised here.
    """
    results: list[Result] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 - raised below, in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="ws-notify-call", daemon=True)
    thread.start()
    end = time.monotonic() + seconds
    while thread.is_alive() and (left := end - time.monotonic()) > 0:
        thread.join(min(1.0, left))  # in steps, which Ctrl-C interrupts on Windows, too
    if errors:
        raise errors[0]
    return results[0] if results else None


async def await_with_timeout(
    seconds: float, coroutine: Coroutine[Any, Any, Result]
) -> Result | None:
    """Await it in a task of its own; cancel it, and return None, where it has not ended in time.

    Not `wait_for`: before Python 3.12 it may drop a cancellation that comes with the result.
    """
    task = asyncio.ensure_future(coroutine)
    # Whoever is cancelled meanwhile does not ask what it raised: asyncio would report that.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()
        await asyncio.wait([task])
    return None if task.cancelled() else task.result()
