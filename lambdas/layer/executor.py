"""Threads that a forked process has, too: a preloading server makes a Storage before it forks."""

import os
import weakref
from concurrent.futures import ThreadPoolExecutor


class Executor(ThreadPoolExecutor):
    """A ThreadPoolExecutor that begins anew in a process that was forked.

    There, the threads that it counts are not running, and what is submitted would wait for ever:
    https://docs.python.org/3/library/os.html#os.fork
    """

    def __init__(self, max_workers: int, prefix: str) -> None:
        self._options = (max_workers, prefix)
        super().__init__(*self._options)
        _executors.add(self)

    def renew(self) -> None:
        """Forget the threads and the work of the parent process."""
        super().__init__(*self._options)


_executors: weakref.WeakSet[Executor] = weakref.WeakSet()


def _renew_all() -> None:
    for executor in _executors:
        executor.renew()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_all)
