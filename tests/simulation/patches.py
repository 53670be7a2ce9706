"""Where the model meets the shipped code: what its modules reach the outside world through.

Replaced for the time of a run: thread pools, `time`, `random`, `uuid4`, the logs; and `parse`
and `to_rfc3339`, functions of their values alone, are remembered from one run to the next. How many
lines a replay holds is a run's choice. No step of the service itself.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from lambdas.layer import handler, post, sender, storage
from lambdas.layer.aws import batches, retries
from lambdas.layer.protocol import clock, frames
from tests.simulation.dynamodb import FaultError
from tests.simulation.scheduler import Scheduler

_EXPECTED = (
    FaultError,
    handler.ReplayError,
    handler.StoredLateError,
    batches.UnwrittenError,
)

_parse = lru_cache(maxsize=4096)(frames.parse)
_to_rfc3339 = lru_cache(maxsize=65_536)(clock.to_rfc3339)


class _Log:
    """Keeps an error that no model has raised: it would be the service's own, or the model's."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.unexpected: BaseException | None = None

    def exception(self, *_: Any, **__: Any) -> None:
        self._scheduler.current().invocation.faulted = True
        error = sys.exception()
        if not isinstance(error, _EXPECTED):
            self.unexpected = error

    def warning(self, *_: Any, **__: Any) -> None:
        pass


class _Outside:
    """Stands for the modules `time` and `random`, and for uuid4."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._uuids = 0
        self.sleep = scheduler.sleep

    def monotonic(self) -> float:
        return (self._scheduler.now - self._scheduler.current().invocation.suspended) / 1000

    def uniform(self, low: float, high: float) -> float:
        # The dullest is the longest: with zeros alone a sender would never come to its end.
        return high - (high - low) * self._scheduler.choices.below(3) / 2

    def uuid4(self) -> SimpleNamespace:
        self._uuids += 1
        return SimpleNamespace(hex=f"write {self._uuids}")


@contextmanager
def installed(scheduler: Scheduler, replay_at_most: int = storage.MAX_REPLAYED) -> Iterator[_Log]:
    """Put the model in the place of the outside world, and take it away again."""
    outside = _Outside(scheduler)
    log = _Log(scheduler)

    def pool(*_: Any, **__: Any) -> Scheduler:
        return scheduler

    replaced: tuple[tuple[Any, str, Any], ...] = (
        (batches, "time", outside),
        (post, "time", outside),
        (retries, "random", outside),
        (sender, "time", outside),
        (sender, "ThreadPoolExecutor", pool),
        (sender, "log", log),
        (storage, "ThreadPoolExecutor", pool),
        (storage, "uuid4", outside.uuid4),
        (storage, "MAX_REPLAYED", replay_at_most),
        (storage, "to_rfc3339", _to_rfc3339),
        (handler, "to_rfc3339", _to_rfc3339),
        (handler, "parse", _parse),
        (handler, "log", log),
    )
    shipped = [getattr(module, name) for module, name, _ in replaced]
    for module, name, value in replaced:
        setattr(module, name, value)
    try:
        yield log
    finally:
        for (module, name, _), value in zip(replaced, shipped, strict=True):
            setattr(module, name, value)
