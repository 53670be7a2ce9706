"""What is replaced in the shipped code for a run: that through which it reaches the outside.

Thread pools, `time`, `random`, `uuid4` and the logs. `parse` and `to_rfc3339`, which are pure, are
cached across runs. How many notifications a replay may hold is a run's choice. No step of the
service itself is replaced.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from lambdas.layer import handler, polling, post, sender, storage
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
    """Keeps an error that no model raised on purpose: it is a bug of the service, or of a model."""

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


class _Modules:
    """Stands in for the modules `time` and `random`, and for uuid4."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._uuids = 0
        self.sleep = scheduler.sleep

    def monotonic(self) -> float:
        return (self._scheduler.now - self._scheduler.current().invocation.suspended_ms) / 1000

    def uniform(self, low: float, high: float) -> float:
        # The simplest is the longest: with the shortest alone a sender would never end.
        return high - (high - low) * self._scheduler.choices.below(3) / 2

    def randint(self, low: int, high: int) -> int:
        return low + (high - low) * self._scheduler.choices.below(3) // 2

    def uuid4(self) -> SimpleNamespace:
        self._uuids += 1
        return SimpleNamespace(hex=f"write {self._uuids}")


@contextmanager
def installed(scheduler: Scheduler, max_replayed: int = storage.MAX_REPLAYED) -> Iterator[_Log]:
    """Patch the modules, and restore them at the end of the block."""
    modules = _Modules(scheduler)
    log = _Log(scheduler)

    def pool(*_: Any, **__: Any) -> Scheduler:
        return scheduler

    replaced: tuple[tuple[Any, str, Any], ...] = (
        (batches, "time", modules),
        (polling, "random", modules),
        (polling, "to_rfc3339", _to_rfc3339),
        (post, "time", modules),
        (retries, "random", modules),
        (sender, "time", modules),
        (sender, "Executor", pool),
        (sender, "log", log),
        (storage, "Executor", pool),
        (storage, "uuid4", modules.uuid4),
        (storage, "MAX_REPLAYED", max_replayed),
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
