"""Invocations of functions and the tasks that they consist of. Values; the scheduler runs them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from greenlet import greenlet

NEVER = 1 << 62
"""A time that does not come."""

Done = Callable[["Invocation", Any], None]
"""Is told what an invocation returned."""


class Invocation:
    """One run of a function: its tasks live and die together, on a clock of its own.

    `direct`: nobody gives up waiting for it, so that its process may be suspended; `suspended`:
    for how many milliseconds it was. `putting`: a put of its is not answered, or was not done.
    """

    __slots__ = (
        "died",
        "direct",
        "done",
        "faulted",
        "name",
        "notes",
        "putting",
        "skew",
        "started",
        "suspended",
        "tasks",
    )

    def __init__(
        self, name: str, skew: int, started: int, done: Done, *, direct: bool = False
    ) -> None:
        self.name = name
        self.skew = skew
        self.started = started
        self.done = done
        self.direct = direct
        self.suspended = 0
        self.putting = False
        self.died = False
        self.faulted = False
        self.notes: list[Any] = []
        self.tasks: list[Task] = []


class Task:
    """A greenlet of an invocation, and what it is about to do.

    `batch_deadline`: of the batch that it writes, in milliseconds.
    """

    __slots__ = (
        "batch_deadline",
        "error",
        "greenlet",
        "invocation",
        "label",
        "ready_at",
        "result",
        "until",
        "waiter",
    )

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.label = "start"
        self.ready_at = 0
        self.until = NEVER
        self.batch_deadline = NEVER
        self.waiter: Task | None = None
        self.result: Any = None
        self.error: Exception | None = None
        self.greenlet: greenlet

    @property
    def finished(self) -> bool:
        """Whether it came to an end, good or bad."""
        return self.greenlet.dead
