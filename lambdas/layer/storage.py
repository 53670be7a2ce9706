"""Subscriptions and recent notifications: everything that touches DynamoDB.

Two tables. `connections` holds one item per subscription; its index `by_ref` finds the subscribers
of a topic. `ledger` holds, in a partition per topic, the notifications (kept for the retention) and
the recent subscriptions (kept for 5 minutes, because an index lags behind its table). Publisher and
subscriber each write their entry before they read the other's, both consistently in that one
partition: of two that race, at least one sees the other. Keep that order.

DynamoDB deletes expired items late, by days if it must, so every read leaves them out itself.
"""

import heapq
from collections.abc import Iterable, Iterator
from typing import Any, Self
from uuid import uuid4

from lambdas.layer import items, limits, settings
from lambdas.layer.aws import batches
from lambdas.layer.aws.clients import DynamoDbClient
from lambdas.layer.aws.errors import ServiceError
from lambdas.layer.executor import Executor
from lambdas.layer.items import TOPIC_KEY, StoredNotification
from lambdas.layer.lookup import Lookup, Subscribers
from lambdas.layer.protocol.clock import Clock, system_clock, to_rfc3339
from lambdas.layer.protocol.topic import Topic

INDEX = "by_ref"
MAX_REPLAYED = 100
"""Notifications that one subscribe replays, or one poll gets, at most: the newest."""

_MAX_THREADS = 64
"""Started as they are needed: a function uses one, a backend one for each publish under way."""


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
        """Take the names of the tables, and how long to keep notifications, in seconds."""
        self._client = client
        self._connections = connections
        self._ledger = ledger
        self._retention_ms = retention * 1000
        self._clock = clock
        self._executor = Executor(_MAX_THREADS, "storage")

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
        """Find credentials, so that the next call need not wait for them."""
        self._client.resolve_credentials()

    # -- subscribing

    def subscribe(
        self,
        connection_id: str,
        topic: Topic,
        connection_expires_at_ms: int,
        token_expires_at_ms: int | None = None,
    ) -> None:
        """Write that a connection is subscribed to a topic, until times in ms since 1970.

        The end of the connection is extended by a grace period; that of the token is not.
        """
        expires_at_ms = connection_expires_at_ms + limits.TTL_GRACE_MS
        if token_expires_at_ms is not None:
            expires_at_ms = min(expires_at_ms, token_expires_at_ms)
        recent_until_ms = min(self._clock() + limits.RECENT_SUBSCRIPTION_TTL_MS, expires_at_ms)
        subscription = items.subscription_key(connection_id, topic.key)
        recent = items.recent_subscription_key(connection_id, topic.key)
        self._write(
            [
                (self._connections, items.put_request(subscription, expires_at_ms)),
                (self._ledger, items.put_request(recent, recent_until_ms)),
            ]
        )

    def unsubscribe(self, topic: Topic, connection_ids: Iterable[str]) -> None:
        """Delete the subscriptions of connections to a topic; a missing one is not an error."""
        self._write(
            (table, {"DeleteRequest": {"Key": key}})
            for connection_id in connection_ids
            for table, key in (
                (self._connections, items.subscription_key(connection_id, topic.key)),
                (self._ledger, items.recent_subscription_key(connection_id, topic.key)),
            )
        )

    def delete_subscriptions(self, connection_id: str) -> int:
        """Delete every subscription of a connection and return how many there were.

        One by one: DynamoDB's permission for batches includes puts, and a caller that may put an
        entry into the ledger can forge a notification. `$disconnect` needs no such permission.
        """

        def delete(topic_key: str) -> None:
            subscription = items.subscription_key(connection_id, topic_key)
            self._client.call("DeleteItem", TableName=self._connections, Key=subscription)
            recent = items.recent_subscription_key(connection_id, topic_key)
            self._client.call("DeleteItem", TableName=self._ledger, Key=recent)

        found = self._pages(
            TableName=self._connections,
            KeyConditionExpression="connection_id = :connection_id",
            ExpressionAttributeNames={"#key": TOPIC_KEY},
            ExpressionAttributeValues={":connection_id": {"S": connection_id}},
            ProjectionExpression="#key",
            ConsistentRead=True,
        )
        return len(list(self._executor.map(delete, [item[TOPIC_KEY]["S"] for item in found])))

    def notifications(
        self, topic: Topic, after_ms: int = 0, *, spare: int = 0
    ) -> list[StoredNotification]:
        """Return the newest notifications of a topic, the oldest of them first.

        At most MAX_REPLAYED, and `spare` beyond: with 1 it is seen whether there are more.
        `after_ms`: only those sent later than this, in milliseconds since 1970.
        """
        found = self._pages(
            TableName=self._ledger,
            KeyConditionExpression="#key = :key AND begins_with(entry, :notification)",
            FilterExpression="expires_at > :now AND sent_at > :after",
            ExpressionAttributeNames={"#key": TOPIC_KEY},
            ExpressionAttributeValues={
                ":key": {"S": topic.key},
                ":notification": {"S": items.NOTIFICATION},
                ":now": {"N": items.seconds_passed(self._clock())},
                ":after": {"S": to_rfc3339(after_ms)},
            },
            ConsistentRead=True,
        )
        stored = (items.read_notification(item) for item in found)
        newest = heapq.nlargest(MAX_REPLAYED + spare, stored, key=lambda one: (one.sent_at, one.id))
        return newest[::-1]

    # -- publishing

    def put_notification(
        self, topic: Topic, notification: StoredNotification
    ) -> StoredNotification | None:
        """Write a notification and return None; or return the one that has its id already.

        One that has expired counts as absent.
        """
        now = self._clock()
        write = uuid4().hex
        try:
            self._client.call(
                "PutItem",
                TableName=self._ledger,
                Item=items.notification(topic.key, notification, write, now + self._retention_ms),
                ConditionExpression="attribute_not_exists(entry) OR expires_at <= :now",
                ExpressionAttributeValues={":now": {"N": items.seconds_passed(now)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ServiceError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            earlier = error.body["Item"]
            # A write whose response was lost is tried again by the client, and finds itself.
            return None if earlier["write"]["S"] == write else items.read_notification(earlier)
        return None

    def begin_lookup(self, topic: Topic) -> Lookup:
        """Begin to look up a topic's subscribers: the index is queried in the background."""
        return Lookup(
            self._executor,
            lambda: self._indexed_subscribers(topic),
            lambda: self._recent_subscribers(topic),
            self._clock,
        )

    def subscribers(self, topic: Topic) -> Subscribers:
        """Return the subscribers of a topic."""
        with self.begin_lookup(topic) as lookup:
            return {id_: ends for batch in lookup.batches() for id_, ends in batch.items()}

    def _indexed_subscribers(self, topic: Topic) -> Subscribers:
        found = self._pages(
            TableName=self._connections,
            IndexName=INDEX,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": TOPIC_KEY},
            ExpressionAttributeValues={":key": {"S": topic.key}},
        )
        return {item["connection_id"]["S"]: items.expires_at_ms(item) for item in found}

    def _recent_subscribers(self, topic: Topic) -> Subscribers:
        found = self._pages(
            TableName=self._ledger,
            KeyConditionExpression="#key = :key AND begins_with(entry, :subscription)",
            ExpressionAttributeNames={"#key": TOPIC_KEY},
            ExpressionAttributeValues={
                ":key": {"S": topic.key},
                ":subscription": {"S": items.RECENT_SUBSCRIPTION},
            },
            ConsistentRead=True,
        )
        return {items.recent_subscriber(item): items.expires_at_ms(item) for item in found}

    # -- calls

    def _pages(self, **query: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._client.call("Query", **query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _write(self, requests: Iterable[batches.Request]) -> None:
        batches.write(self._client, requests)
