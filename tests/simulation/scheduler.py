"""Running invocations side by side, one call of one of them at a time, as the choices say.

An invocation is a greenlet, and one more for everything that it hands to a thread pool. Every call
to the outside is a point at which another may go on, the clock may move, or the invocation may
die. A call waits 3 seconds at most, as the service's own do: time never moves past that. Once, an
invocation that nobody gives up waiting for may be suspended: for minutes it makes no step, and when
it goes on, its wall clock has moved and its monotonic one has not.
"""

from collections.abc import Callable, Iterable
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from tests.simulation.choices import Choices
from tests.simulation.tasks import NEVER, Done, Invocation, Task

CALL_TAKES_AT_MOST = 3_000
"""Milliseconds; design.md: "Calls are bounded at 3 seconds"."""

CLOCKS_DIFFER = 2_000
"""Milliseconds by which the clock of an invocation may be off, either way."""

_LUCKS = 256
"""What one choice a step decides: nothing, a tick, a suspension, a death, or some trouble."""

_TICKS = (1, 30, 400, 1_500)
_SUSPENSIONS = (31_000, 305_000, 330_000, 330_000)
"""Milliseconds; the last: longer than a recent subscription is kept."""

_FIRST_TICK, _FIRST_SUSPENSION, _FIRST_DEATH, _FIRST_TROUBLE = 128, 200, 208, 216
TROUBLES = 12


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
        self._trouble = 0

    # -- from outside

    def note(self, text: str) -> None:
        """Add a line to the trace, if there is one."""
        if self.traced:
            self.trace.append(f"{(self.now - self.started_at) / 1000:9.3f}s  {text}")

    def invoke(
        self, name: str, call: Callable[[], Any], done: Done, *, direct: bool = False
    ) -> None:
        """Start an invocation and let it come to its first call.

        `done` gets what it returns, None if it dies; `direct`: see Invocation.
        """
        skew = (0, 0, -CLOCKS_DIFFER, CLOCKS_DIFFER)[self.choices.below(4)]
        invocation = Invocation(name, skew, self.now, done, direct=direct)
        task = Task(invocation)
        task.greenlet = greenlet(lambda: self._run(task, call), self._hub)
        self._enter(task)
        self._go_on(task)

    def runnable(self) -> list[Task]:
        """Return the tasks that can go on, the last one that ran first."""
        now = self.now
        ready = [task for task in self.tasks if task.ready_at <= now]
        last = self._last
        if last is not None and len(ready) > 1 and last in ready:
            ready.remove(last)
            ready.insert(0, last)
        return ready

    def step(self, task: Task) -> None:
        """Let a task make its call and go on to the next.

        Or let its invocation die before it, or be suspended.
        """
        self._trouble = 0
        luck = self.choices.below(_LUCKS)
        if luck >= _FIRST_TROUBLE:
            self._trouble = 1 + luck % TROUBLES
        elif luck >= _FIRST_DEATH:
            self.note(f"{task.invocation.name} dies before: {task.label}")
            self._end(task.invocation)
            return
        elif luck >= _FIRST_SUSPENSION:
            if task.invocation.direct and not task.invocation.suspended:
                self._suspend(task.invocation, _SUSPENSIONS[luck % len(_SUSPENSIONS)])
                return
        elif luck >= _FIRST_TICK:
            room = min(other.until for other in self.tasks) - self.now
            self.now += max(0, min(_TICKS[luck % len(_TICKS)], room))
        self._last = task
        self._go_on(task)

    def sleep_on(self) -> bool:
        """Move the clock to when the next sleeper wakes; False if nobody sleeps."""
        wakes = [task.ready_at for task in self.tasks if self.now < task.ready_at < NEVER]
        if wakes:
            self.now = min(wakes)
        return bool(wakes)

    def abandon(self) -> None:
        """Let every task die, silently: the run is over."""
        for task in reversed(self.tasks):
            task.greenlet.throw(GreenletExit)
        self.tasks.clear()

    # -- from inside a task

    def current(self) -> Task:
        """Return the task that runs now."""
        return self._by_greenlet[getcurrent()]

    def call(self, label: str, until: int | None = None) -> int:
        """Come back when it is this call's turn; `until`: by then at the latest.

        Returns the trouble that the call is to have, 1 to TROUBLES; 0 is none.
        """
        task = self.current()
        task.label = label
        task.until = self.now + CALL_TAKES_AT_MOST if until is None else until
        self._hub.switch()
        task.until = NEVER
        if self.traced:
            self.note(f"{task.invocation.name}: {label}")
        return self._trouble

    def sleep(self, seconds: float) -> None:
        """Come back when so much time has gone by: not later, or a sender may not try again."""
        task = self.current()
        task.label = "wake up"
        task.ready_at = task.until = self.now + round(seconds * 1000)
        self._hub.switch()
        task.until = NEVER

    def submit(self, call: Callable[..., Any], *arguments: Any) -> "Promise":
        """Start a task beside the one that runs now, and let it come to its first call."""
        task = Task(self.current().invocation)
        task.greenlet = greenlet(lambda: self._run(task, lambda: call(*arguments)), self._hub)
        self._enter(task)
        hub, self._hub = self._hub, getcurrent()
        task.greenlet.parent = self._hub
        task.greenlet.switch()
        self._hub = hub
        if task.finished:
            self._leave(task)
        else:
            task.greenlet.parent = hub
        return Promise(self, task)

    def map(self, call: Callable[[Any], Any], values: Iterable[Any]) -> Iterable[Any]:
        """Do it for each, side by side; sorted, because a set has another order in each process."""
        promises = [self.submit(call, value) for value in sorted(values)]
        return [promise.result() for promise in promises]

    def wait(self, task: Task) -> None:
        """Come back when the other has finished."""
        current = self.current()
        if not task.finished:
            task.waiter = current
            current.ready_at = NEVER
            self._hub.switch()

    # -- inside

    def _run(self, task: Task, call: Callable[[], Any]) -> None:
        try:
            task.result = call()
        except Exception as error:  # noqa: BLE001 - as a future does; Promise raises it
            task.error = error

    def _go_on(self, task: Task) -> None:
        """Let a task run to its next call, and whoever waited for its end to theirs."""
        going: Task | None = task
        while going is not None:
            going.greenlet.switch()
            if not going.finished:
                return
            self._leave(going)
            going = going.waiter
            if going is not None:
                going.ready_at = 0

    def _enter(self, task: Task) -> None:
        task.invocation.tasks.append(task)
        self.tasks.append(task)
        self._by_greenlet[task.greenlet] = task

    def _leave(self, task: Task) -> None:
        self.tasks.remove(task)
        del self._by_greenlet[task.greenlet]
        invocation = task.invocation
        if task is invocation.tasks[0]:
            if task.error is not None:
                invocation.faulted = True
            invocation.done(invocation, task.result)

    def _suspend(self, invocation: Invocation, milliseconds: int) -> None:
        self.note(f"{invocation.name} is suspended for {milliseconds / 1000:.0f} seconds")
        invocation.suspended = milliseconds
        if self.on_suspension is not None:
            self.on_suspension(invocation)
        for task in invocation.tasks:
            if not task.finished and task.ready_at < NEVER:
                task.ready_at = max(task.ready_at, self.now) + milliseconds
                task.until += milliseconds

    def _end(self, invocation: Invocation) -> None:
        invocation.died = True
        for task in reversed(invocation.tasks):
            if task in self.tasks:
                task.greenlet.throw(GreenletExit)
                self.tasks.remove(task)
                del self._by_greenlet[task.greenlet]
        invocation.done(invocation, None)


class Promise:
    """What a pool's `submit` returns, as far as the service uses it."""

    __slots__ = ("_scheduler", "_task")

    def __init__(self, scheduler: Scheduler, task: Task) -> None:
        self._scheduler = scheduler
        self._task = task

    def result(self) -> Any:
        """Wait for it, and return or raise what came of it."""
        self._scheduler.wait(self._task)
        if self._task.error is not None:
            raise self._task.error
        return self._task.result
