"""Writing many items to DynamoDB: 25 a call, and what a call leaves over is sent again."""

import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

from lambdas.layer import limits
from lambdas.layer.aws.clients import DynamoDbClient
from lambdas.layer.aws.retries import pauses

Request = tuple[str, dict[str, Any]]
"""A table's name and a PutRequest or DeleteRequest."""

_BATCH_SIZE = 25


class UnwrittenError(RuntimeError):
    """DynamoDB kept leaving items over, or took too long; carries how many are not written."""

    def __init__(self, unwritten: int) -> None:
        self.unwritten = unwritten
        super().__init__(f"DynamoDB took too long; {unwritten} items are not written")


def write(client: DynamoDbClient, requests: Iterable[Request]) -> None:
    """Write all; each may safely be written twice.

    Raises UnwrittenError when a call's items are left over for 3 seconds, or 5 have passed and not
    every call has begun; what the client raises.
    """
    waiting = iter(requests)
    deadline = time.monotonic() + limits.WRITE_ALL_BUDGET
    while batch := list(islice(waiting, _BATCH_SIZE)):
        if time.monotonic() > deadline:
            raise UnwrittenError(len(batch) + sum(1 for _ in waiting))
        _write_batch(client, batch, deadline)


def _write_batch(client: DynamoDbClient, batch: list[Request], deadline: float) -> None:
    items: dict[str, Any] = {}
    for table, request in batch:
        items.setdefault(table, []).append(request)
    leftover_deadline = min(deadline, time.monotonic() + limits.LEFTOVER_BUDGET)
    waits = pauses()
    while items := client.call("BatchWriteItem", RequestItems=items).get("UnprocessedItems", {}):
        wait = next(waits)
        if time.monotonic() + wait > leftover_deadline:
            raise UnwrittenError(sum(map(len, items.values())))
        time.sleep(wait)
