"""Running invocations concurrently, one call of one of them at a time, as the choices say.

An invocation is a greenlet, and one more for each job that it submits to a thread pool. At every
call to the outside another may go on, the clock may advance, or the invocation may crash. A call
waits 3 seconds at most, as the service's own do: time never moves past that. Once, an invocation
may be suspended, if nobody gives up waiting for it: for minutes it makes no step, and when it goes
on, its wall clock has advanced and its monotonic one has not.
"""

from collections.abc import Callable, Iterable
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from tests.simulation.choices import Choices
from tests.simulation.tasks import NEVER, Invocation, OnEnd, SimulatedFuture, Task

CALL_TAKES_AT_MOST = 3_000
"""Milliseconds; design.md: "Calls are bounded at 3 seconds"."""

CLOCKS_DIFFER = 2_000
"""Milliseconds by which the wall clock of an invocation may be off, either way."""

_STEP_CHOICES = 256
"""What one choice a step decides: nothing, a tick, a suspension, a crash, or a fault."""

_TICKS = (1, 30, 400, 1_500)
_SUSPENSIONS = (31_000, 305_000, 330_000, 330_000)
"""Milliseconds; the last: longer than a recent subscription is kept."""

_FIRST_TICK, _FIRST_SUSPENSION, _FIRST_CRASH, _FIRST_FAULT = 128, 200, 208, 216
FAULTS = 12


class Scheduler:
    """The tasks of a run, its clock and its trace."""

    def __init__(self, choices: Choices, now: int, *, traced: bool = False) -> None:
        self.choices = choices
        self.now = now
        self.started_at = now
        self.traced = traced
        self.trace: list[str] = []
        self.tasks: list[Task] = []
        self.on_suspension: Callable[[Invocation], None] | None = None
        self._by_greenlet: dict[Any, Task] = {}
        self._hub = getcurrent()
        self._last: Task | None = None
        self._fault = 0

    # -- for the simulation

    def note(self, text: str) -> None:
        """Add a line to the trace, if there is one."""
        if self.traced:
            self.trace.append(f"{(self.now - self.started_at) / 1000:9.3f}s  {text}")

    def invoke(
        self, name: str, call: Callable[[], Any], on_end: OnEnd, *, suspendable: bool = False
    ) -> None:
        """Start an invocation and run it to its first call; `suspendable`: see Invocation."""
        skew = (0, 0, -CLOCKS_DIFFER, CLOCKS_DIFFER)[self.choices.below(4)]
        invocation = Invocation(name, skew, self.now, on_end, suspendable)
        task = Task(invocation)
        task.greenlet = greenlet(lambda: self._run(task, call), self._hub)
        self._add(task)
        self._resume(task)

    def hold_up(self, name: str, write: Callable[[], Any], sent: int, arrives: int) -> None:
        """Let a write arrive later, whatever becomes of the invocation that sent it.

        Called by a task that has had its turn: before that, its hub is the one that started it.
        """
        arrives = max(arrives, self.now)
        ignore: OnEnd = lambda _, __: None  # noqa: E731 - nobody hears of it
        invocation = Invocation(name, 0, sent, ignore, held_up_ms=arrives - sent)
        task = Task(invocation, "arrive", ready_at=arrives, deadline=arrives)
        task.greenlet = greenlet(lambda: self._run(task, write), self._hub)
        self._add(task)

    def runnable(self) -> list[Task]:
        """Return the tasks that can go on, first the one that ran last."""
        now = self.now
        ready = [task for task in self.tasks if task.ready_at <= now]
        last = self._last
        if last is not None and len(ready) > 1 and last in ready:
            ready.remove(last)
            ready.insert(0, last)
        return ready

    def step(self, task: Task) -> None:
        """Let a task make its call and run to the next; or crash or suspend its invocation."""
        self._fault = 0
        choice = self.choices.below(_STEP_CHOICES)
        if choice >= _FIRST_FAULT:
            self._fault = 1 + choice % FAULTS
        elif choice >= _FIRST_CRASH:
            self.note(f"{task.invocation.name} crashes before: {task.label}")
            self._crash(task.invocation)
            return
        elif choice >= _FIRST_SUSPENSION:
            if task.invocation.suspendable and not task.invocation.suspended_ms:
                self._suspend(task.invocation, _SUSPENSIONS[choice % len(_SUSPENSIONS)])
                return
        elif choice >= _FIRST_TICK:
            room = min(other.deadline for other in self.tasks) - self.now
            self.now += max(0, min(_TICKS[choice % len(_TICKS)], room))
        self._last = task
        self._resume(task)

    def wake(self, others: Iterable[int] = ()) -> bool:
        """Advance the clock to the end of the first sleep; False if nobody sleeps.

        `others`: until when the actors wait, in milliseconds.
        """
        waits = (*(task.ready_at for task in self.tasks), *others)
        wakes = [at for at in waits if self.now < at < NEVER]
        if wakes:
            self.now = min(wakes)
        return bool(wakes)

    def abandon(self) -> None:
        """Kill every task: the run is over."""
        for task in reversed(self.tasks):
            task.greenlet.throw(GreenletExit)
        self.tasks.clear()

    # -- for the models, within a task

    def current(self) -> Task:
        """Return the task that runs now."""
        return self._by_greenlet[getcurrent()]

    def call(self, label: str, deadline: int | None = None) -> int:
        """Return when it is this call's turn, by the deadline at the latest.

        The result is the call's fault, 1 to FAULTS, or 0 for none.
        """
        task = self.current()
        task.label = label
        task.deadline = self.now + CALL_TAKES_AT_MOST if deadline is None else deadline
        self._hub.switch()
        task.deadline = NEVER
        if self.traced:
            self.note(f"{task.invocation.name}: {label}")
        return self._fault

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, never later, or a retry could miss its budget.

        Raises ValueError for a negative number, as time.sleep does.
        """
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        task = self.current()
        task.label = "wake up"
        task.ready_at = task.deadline = self.now + round(seconds * 1000)
        self._hub.switch()
        task.deadline = NEVER

    def submit(self, call: Callable[..., Any], *arguments: Any) -> SimulatedFuture:
        """Start another task of the invocation that runs now, and run it to its first call."""
        task = Task(self.current().invocation)
        task.greenlet = greenlet(lambda: self._run(task, lambda: call(*arguments)), self._hub)
        self._add(task)
        hub, self._hub = self._hub, getcurrent()
        task.greenlet.parent = self._hub
        task.greenlet.switch()
        self._hub = hub
        if task.finished:
            self._remove(task)
        else:
            task.greenlet.parent = hub
        return SimulatedFuture(self.wait, task)

    def map(self, call: Callable[[Any], Any], values: Iterable[Any]) -> Iterable[Any]:
        """Call it for each, concurrently; sorted: a set has another order in each process."""
        futures = [self.submit(call, value) for value in sorted(values)]
        return [future.result() for future in futures]

    def wait(self, task: Task) -> None:
        """Return when the other task has finished."""
        current = self.current()
        if not task.finished:
            task.waiter = current
            current.ready_at = NEVER
            self._hub.switch()

    # -- tasks

    def _run(self, task: Task, call: Callable[[], Any]) -> None:
        try:
            task.result = call()
        except Exception as error:  # noqa: BLE001 - as a future does, whose `result` raises it
            task.error = error

    def _resume(self, task: Task) -> None:
        """Run a task to its next call and, if it ends, the task that waits for it to its own."""
        running: Task | None = task
        while running is not None:
            running.greenlet.switch()
            if not running.finished:
                return
            self._remove(running)
            running = running.waiter
            if running is not None:
                running.ready_at = 0

    def _add(self, task: Task) -> None:
        task.invocation.tasks.append(task)
        self.tasks.append(task)
        self._by_greenlet[task.greenlet] = task

    def _remove(self, task: Task) -> None:
        self.tasks.remove(task)
        del self._by_greenlet[task.greenlet]
        invocation = task.invocation
        if task is invocation.tasks[0]:
            if task.error is not None:
                invocation.faulted = True
            invocation.on_end(invocation, task.result)

    def _suspend(self, invocation: Invocation, milliseconds: int) -> None:
        self.note(f"{invocation.name} is suspended for {milliseconds / 1000:.0f} seconds")
        invocation.suspended_ms = milliseconds
        if self.on_suspension is not None:
            self.on_suspension(invocation)
        for task in invocation.tasks:
            if not task.finished and task.ready_at < NEVER:
                task.ready_at = max(task.ready_at, self.now) + milliseconds
                task.deadline += milliseconds

    def _crash(self, invocation: Invocation) -> None:
        invocation.crashed = True
        for task in reversed(invocation.tasks):
            if task in self.tasks:
                task.greenlet.throw(GreenletExit)
                self.tasks.remove(task)
                del self._by_greenlet[task.greenlet]
        invocation.on_end(invocation, None)
