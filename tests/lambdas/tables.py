"""The two tables on moto, in the shape in which the stack makes them, and what is in them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RETENTION: Final = 3600
"""Seconds that a notification is kept."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of the tables of a stage, and all that is in them."""

    client: "DynamoDBClient"
    connections: str
    ledger: str

    def subscriptions(self) -> list[dict[str, Any]]:
        """Return every row of the connections table, expired or not."""
        return self._all(self.connections)

    def entries(self, kind: str = "") -> list[dict[str, Any]]:
        """Return every entry of the ledger, expired or not.

        `kind`: only the entries of this kind, `notification` or `subscription`.
        """
        return [item for item in self._all(self.ledger) if item["entry"]["S"].startswith(kind)]

    def _all(self, table: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=table)
        return [item for page in pages for item in page["Items"]]


def create_tables(client: "DynamoDBClient", name: str) -> Tables:
    """Create both tables under names that no other test uses."""
    tables = Tables(client, f"connections-{name}", f"ledger-{name}")
    client.create_table(
        TableName=tables.connections,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "connection_id", "AttributeType": "S"},
            {"AttributeName": "merchant_id#ref", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "connection_id", "KeyType": "HASH"},
            {"AttributeName": "merchant_id#ref", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_ref",
                "KeySchema": [
                    {"AttributeName": "merchant_id#ref", "KeyType": "HASH"},
                    {"AttributeName": "connection_id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["expires_at"]},
            }
        ],
    )
    client.create_table(
        TableName=tables.ledger,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "merchant_id#ref", "AttributeType": "S"},
            {"AttributeName": "entry", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "merchant_id#ref", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
    )
    return tables
