"""Calls that end in time, though nothing bounds what they do, e.g. name resolution."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

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
