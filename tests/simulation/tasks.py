"""Invocations of functions, the tasks of each and their futures. The scheduler runs them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import greenlet as greenlets

NEVER = 1 << 62
"""A time in milliseconds that does not come."""

OnEnd = Callable[["Invocation", Any], None]
"""Gets an invocation that has ended and what it returned, None if it raised or crashed."""


@dataclass(slots=True, eq=False)
class Invocation:
    """One run of a function: its tasks live and die together, on a clock of its own.

    `skew`: by how many milliseconds its wall clock is off. `suspendable`: nobody gives up waiting
    for it; `suspended_ms`: for how long it was. `held_up_ms`: it is only a write, which the network
    held up for so long. `put_pending`: it has a put that is not answered, or failed. `faulted`: a
    model let one of its calls fail, or it raised. `gone`: connections of which it was told twice
    that they are gone, each with the number of the last write before.
    """

    name: str
    skew: int
    started: int
    on_end: OnEnd
    suspendable: bool = False
    suspended_ms: int = 0
    held_up_ms: int = 0
    put_pending: bool = False
    crashed: bool = False
    faulted: bool = False
    gone: list[Any] = field(default_factory=list)
    tasks: list["Task"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Task:
    """A greenlet of an invocation, and the call that it is about to make.

    Milliseconds: `ready_at`, before which it does not go on; `deadline`, of the call;
    `batch_deadline`, of the batch that it writes.
    """

    invocation: Invocation
    label: str = "start"
    ready_at: int = 0
    deadline: int = NEVER
    batch_deadline: int = NEVER
    waiter: "Task | None" = None
    result: Any = None
    error: Exception | None = None
    greenlet: greenlets.greenlet = field(init=False)

    @property
    def finished(self) -> bool:
        """Whether it has ended, by returning, raising or being killed."""
        return self.greenlet.dead


class SimulatedFuture:
    """What the scheduler's `submit` returns: a future, as far as the service uses it."""

    __slots__ = ("_task", "_wait")

    def __init__(self, wait: Callable[[Task], None], task: Task) -> None:
        self._wait = wait
        self._task = task

    def result(self) -> Any:
        """Wait for the task, and return or raise what it did."""
        self._wait(self._task)
        if self._task.error is not None:
            raise self._task.error
        return self._task.result
