"""Who waits for what, and what was said lately: everything that touches DynamoDB.

Two tables. `connections` holds one item a subscription and answers "who" through its index
`by_ref`; `ledger` holds, a topic a partition, the lines `said#{id}` (kept for the retention) and
`joined#{connection_id}` (kept for 5 minutes, because an index lags behind its table). Publisher
and subscriber each write their line before they read the other's, both consistently in that one
partition: of two that race, at least one sees the other. Keep that order.

DynamoDB deletes expired items late, by days if it must, so every read leaves them out itself.
"""

import heapq
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self
from uuid import uuid4

from lambdas.layer import items, limits, settings
from lambdas.layer.aws import batches
from lambdas.layer.aws.dynamodb import DynamoDbClient
from lambdas.layer.aws.errors import ServiceError
from lambdas.layer.items import KEY, Said
from lambdas.layer.lookup import Lookup, Subscribers
from lambdas.layer.protocol.clock import Clock, system_clock, to_rfc3339
from lambdas.layer.protocol.topic import Topic

INDEX = "by_ref"
REPLAY_AT_MOST = 100
"""Notifications that one subscribe replays at most: the newest."""


class Storage:
    """The two tables of a stage.

    Every method raises what its client does when DynamoDB does not do its part; see DynamoDbClient.
    """

    def __init__(
        self,
        client: DynamoDbClient,
        *,
        connections: str,
        ledger: str,
        retention: int,
        clock: Clock = system_clock,
    ) -> None:
        """Take the names of the tables, and how long to keep what was said, in seconds."""
        self._client = client
        self._connections = connections
        self._ledger = ledger
        self._retention = retention * 1000
        self._clock = clock
        self._beside = ThreadPoolExecutor(thread_name_prefix="beside")

    @classmethod
    def from_env(cls, client: DynamoDbClient | None = None) -> Self:
        """Return the storage that the environment names, on boto3's client where none is given.

        Reads CONNECTIONS_TABLE, LEDGER_TABLE, RETENTION_SECONDS. Raises MissingSettingError,
        InvalidSettingError, and what Boto3DynamoDb.from_session does.
        """
        if client is None:
            # Not at the top: a function must not import boto3.
            from lambdas.layer.aws.boto3_clients import Boto3DynamoDb  # noqa: PLC0415

            client = Boto3DynamoDb.from_session()
        return cls(
            client,
            connections=settings.text("CONNECTIONS_TABLE"),
            ledger=settings.text("LEDGER_TABLE"),
            retention=settings.seconds("RETENTION_SECONDS"),
        )

    def resolve_credentials(self) -> None:
        """Find credentials, before a call has to wait for them."""
        self._client.resolve_credentials()

    # -- subscribing

    def subscribe(
        self, connection_id: str, topic: Topic, served_until: int, token_end: int | None = None
    ) -> None:
        """Write that a connection waits for a topic, until a time in milliseconds since 1970.

        API Gateway's end of a connection is met with a margin; that of a token is not.
        """
        end = served_until + limits.TTL_GRACE_MS
        end = end if token_end is None else min(end, token_end)
        lately = min(self._clock() + limits.RECENT_SUBSCRIPTION_TTL_MS, end)
        self._write(
            [
                (self._connections, items.put(items.subscription(connection_id, topic.key), end)),
                (self._ledger, items.put(items.joined(connection_id, topic.key), lately)),
            ]
        )

    def unsubscribe(self, topic: Topic, connection_ids: Iterable[str]) -> None:
        """Forget that these connections wait for a topic; those that do not are no error."""
        self._write(
            (table, {"DeleteRequest": {"Key": key}})
            for connection_id in connection_ids
            for table, key in (
                (self._connections, items.subscription(connection_id, topic.key)),
                (self._ledger, items.joined(connection_id, topic.key)),
            )
        )

    def forget_connection(self, connection_id: str) -> int:
        """Forget every subscription of a connection and return how many there were.

        One by one: DynamoDB's permission for batches allows puts, too, and who may put a line into
        the ledger can forge one. Who calls this need not be able to.
        """

        def forget(topic_key: str) -> None:
            subscription = items.subscription(connection_id, topic_key)
            self._client.delete_item(TableName=self._connections, Key=subscription)
            joined = items.joined(connection_id, topic_key)
            self._client.delete_item(TableName=self._ledger, Key=joined)

        found = self._pages(
            TableName=self._connections,
            KeyConditionExpression="connection_id = :connection_id",
            ExpressionAttributeNames={"#key": KEY},
            ExpressionAttributeValues={":connection_id": {"S": connection_id}},
            ProjectionExpression="#key",
            ConsistentRead=True,
        )
        return len(list(self._beside.map(forget, [item[KEY]["S"] for item in found])))

    def said(self, topic: Topic, after: int = 0) -> list[Said]:
        """Return the newest notifications of a topic, at most REPLAY_AT_MOST, the oldest first.

        `after`: only those sent later than this, in milliseconds since 1970.
        """
        found = self._pages(
            TableName=self._ledger,
            KeyConditionExpression="#key = :key AND begins_with(line, :said)",
            FilterExpression="expires_at > :now AND sent_at > :after",
            ExpressionAttributeNames={"#key": KEY},
            ExpressionAttributeValues={
                ":key": {"S": topic.key},
                ":said": {"S": "said#"},
                ":now": {"N": items.seconds_passed(self._clock())},
                ":after": {"S": to_rfc3339(after)},
            },
            ConsistentRead=True,
        )
        lines = (items.read_said(item) for item in found)
        newest = heapq.nlargest(REPLAY_AT_MOST, lines, key=lambda line: (line.sent_at, line.id))
        return newest[::-1]

    # -- publishing

    def say(self, topic: Topic, line: Said) -> Said | None:
        """Write what is said of a topic, and return None; or the line that has this id already.

        A line that has expired counts as absent.
        """
        now = self._clock()
        write = uuid4().hex
        try:
            self._client.put_item(
                TableName=self._ledger,
                Item=items.said(topic.key, line, write, now + self._retention),
                ConditionExpression="attribute_not_exists(line) OR expires_at <= :now",
                ExpressionAttributeValues={":now": {"N": items.seconds_passed(now)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ServiceError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            earlier = error.body["Item"]
            # A write whose answer was lost is tried again by the client, and finds itself.
            return None if earlier["write"]["S"] == write else items.read_said(earlier)
        return None

    def begin_lookup(self, topic: Topic) -> Lookup:
        """Begin to look up who waits for a topic: the index is asked beside what follows."""
        return Lookup(
            self._beside,
            lambda: self._indexed(topic),
            lambda: self._recent(topic),
            self._clock,
        )

    def listeners(self, topic: Topic) -> Subscribers:
        """Return who waits for a topic now."""
        with self.begin_lookup(topic) as lookup:
            return {id_: end for batch in lookup.batches() for id_, end in batch.items()}

    def _indexed(self, topic: Topic) -> Subscribers:
        found = self._pages(
            TableName=self._connections,
            IndexName=INDEX,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": KEY},
            ExpressionAttributeValues={":key": {"S": topic.key}},
        )
        return {item["connection_id"]["S"]: items.end(item) for item in found}

    def _recent(self, topic: Topic) -> Subscribers:
        found = self._pages(
            TableName=self._ledger,
            KeyConditionExpression="#key = :key AND begins_with(line, :joined)",
            ExpressionAttributeNames={"#key": KEY},
            ExpressionAttributeValues={":key": {"S": topic.key}, ":joined": {"S": "joined#"}},
            ConsistentRead=True,
        )
        return {item["line"]["S"].removeprefix("joined#"): items.end(item) for item in found}

    # -- the calls of the legacy service

    def create_connection(self, connection_id: str, message: str) -> None:
        """Subscribe a connection to the topic that a JSON text names, for the next two hours.

        Raises InvalidJson, InvalidMessage.
        """
        self.subscribe(
            connection_id, _topic(message), self._clock() + limits.CONNECTION_LIFETIME_MS
        )

    def delete_connection(self, message: str) -> None:
        """Forget every connection that waits for the topic that a JSON text names.

        Raises InvalidJson, InvalidMessage.
        """
        topic = _topic(message)
        self.unsubscribe(topic, self.listeners(topic))

    # -- calls

    def _pages(self, **query: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._client.query(**query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _write(self, requests: Iterable[batches.Request]) -> None:
        batches.write(self._client, requests)


def _topic(message: str) -> Topic:
    from lambdas.layer.protocol.frames import parse_topic  # noqa: PLC0415 - `disconnect` never parses frames

    return parse_topic(message)
