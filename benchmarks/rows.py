"""Rows of other topics in both tables, as the service writes them."""

from collections.abc import Iterable, Iterator
from itertools import islice

from benchmarks.aws import dynamodb
from lambdas.layer import items
from lambdas.layer.aws import batches
from lambdas.layer.aws.clients import DynamoDbClient
from lambdas.layer.protocol.clock import system_clock, to_rfc3339
from tools.deploy import LocalStage

_BATCH = 250
_LIFETIME = 2 * 60 * 60 * 1000


def fill(stage: LocalStage, rows: int) -> None:
    """Write that many rows to each of the two tables, each of a topic of its own."""
    client = dynamodb(stage.endpoint)
    tables = stage.environment
    write(client, _requests(tables["CONNECTIONS_TABLE"], tables["LEDGER_TABLE"], rows))


def write(client: DynamoDbClient, requests: Iterable[batches.Request]) -> None:
    """Write any number of items in batches: one write of the service times out after seconds."""
    waiting = iter(requests)
    while batch := list(islice(waiting, _BATCH)):
        batches.write(client, batch)


def _requests(connections: str, ledger: str, rows: int) -> Iterator[batches.Request]:
    now = system_clock()
    end = now + _LIFETIME
    for number in range(rows):
        connection_id, topic_key = f"other-{number}", f"other-merchant#{number}"
        subscription = items.subscription_key(connection_id, topic_key)
        yield connections, items.put_request(subscription, end)
        if number % 2:
            yield (
                ledger,
                items.put_request(items.recent_subscription_key(connection_id, topic_key), end),
            )
        else:
            notification = items.StoredNotification(
                str(number), '{"message":"paid"}', to_rfc3339(now)
            )
            item = items.notification(topic_key, notification, "benchmark", end)
            yield ledger, {"PutRequest": {"Item": item}}
