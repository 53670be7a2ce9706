"""A publish and a subscribe at the same time: at least one sees the other, in whatever order."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any

import pytest

from lambdas.layer.handler import Handler
from tests.kit.connections import FakeConnections
from tests.kit.dynamodb import JournaledDynamoDb
from tests.kit.frames import publish, subscribe

PUBLISHER = ("put notification", "query recent")
SUBSCRIBER = ("write", "query notifications")


class Turnstile:
    """Lets the steps of several threads pass in one given order only."""

    def __init__(self, order: list[str]) -> None:
        self._left = list(order)
        self._turn = threading.Condition()

    def passing(self, step: str) -> Callable[[Callable[[], Any]], Any]:
        """Return the detour that makes a step wait for its turn."""

        def detour(call: Callable[[], Any]) -> Any:
            with self._turn:
                assert self._turn.wait_for(lambda: self._left[:1] == [step], timeout=10)
                done = call()
                self._left.pop(0)
                self._turn.notify_all()
            return done

        return detour


def _orders() -> list[list[str]]:
    """Return every order of the four steps in which each side keeps its own."""
    orders = []
    for places in combinations(range(4), 2):
        publisher, subscriber = iter(PUBLISHER), iter(SUBSCRIBER)
        orders.append([next(publisher if n in places else subscriber) for n in range(4)])
    return orders


@pytest.mark.parametrize("order", _orders(), ids=" - ".join)
def test_a_racing_publish_is_delivered_in_every_order_of_steps_without_the_index(
    order: list[str], handler: Handler, api: FakeConnections, dynamo: JournaledDynamoDb
) -> None:
    turnstile = Turnstile(order)
    for step in order:
        dynamo.detour(step, turnstile.passing(step))
    dynamo.lag()
    with ThreadPoolExecutor() as sides:
        published = sides.submit(handler.handle, "backend", publish(id="order 7"))
        subscribed = sides.submit(handler.handle, "c1", subscribe())
        receipt, standing = published.result(), subscribed.result()
    assert receipt is not None
    assert standing is not None
    assert (receipt["type"], standing["type"]) == ("receipt", "subscribed")
    got = api.received("c1")
    assert len(got) == receipt["accepted"] + standing["replayed"] >= 1
    assert {frame["id"] for frame in got} == {"order 7"}
