"""Threads of in-process use, after a fork."""

import multiprocessing
import threading
from typing import Any

import pytest

from lambdas.layer.executor import Executor

TIMEOUT = 10.0


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_an_executor_works_in_a_process_that_was_forked_while_it_works() -> None:
    executor, going = Executor(1, "test"), threading.Event()
    busy = executor.submit(going.wait, TIMEOUT)
    context = multiprocessing.get_context("fork")
    answers: Any = context.SimpleQueue()
    child = context.Process(target=_work, args=[executor, answers])
    child.start()
    child.join(TIMEOUT)
    assert child.exitcode == 0
    assert answers.get() == "done"
    going.set()
    assert busy.result(TIMEOUT)
    executor.shutdown()


def _work(executor: Executor, answers: Any) -> None:
    answers.put(executor.submit(lambda: "done").result(TIMEOUT / 2))
