"""How subscriptions and lines look as DynamoDB items. Values only, no calls.

    connections   connection_id, merchant_id#ref, expires_at
    ledger        merchant_id#ref, line = "joined#{connection_id}", expires_at
                  merchant_id#ref, line = "said#{id}", notification, sent_at, write, expires_at

`expires_at` is in seconds since 1970, DynamoDB's unit for it. A notification is kept as text: as
DynamoDB numbers, 1e-7 and 2^53 + 1 would come back as others.
"""

from dataclasses import dataclass
from typing import Any

KEY = "merchant_id#ref"

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a topic; `notification` is the JSON text as delivered."""

    id: str
    notification: str
    sent_at: str


def subscription(connection_id: str, topic_key: str) -> Item:
    """Return the key of a subscription in the connections table."""
    return {"connection_id": {"S": connection_id}, KEY: {"S": topic_key}}


def joined(connection_id: str, topic_key: str) -> Item:
    """Return the key of the line of one who joined lately."""
    return {KEY: {"S": topic_key}, "line": {"S": f"joined#{connection_id}"}}


def said(topic_key: str, line: Said, write: str, expires_at: int) -> Item:
    """Return the line of what was said; `write` tells this attempt to write it from others."""
    return {
        KEY: {"S": topic_key},
        "line": {"S": f"said#{line.id}"},
        "notification": {"S": line.notification},
        "sent_at": {"S": line.sent_at},
        "write": {"S": write},
        "expires_at": {"N": seconds(expires_at)},
    }


def read_said(item: Item) -> Said:
    """Return what a `said` line holds."""
    return Said(
        id=item["line"]["S"].removeprefix("said#"),
        notification=item["notification"]["S"],
        sent_at=item["sent_at"]["S"],
    )


def put(key: Item, expires_at: int) -> dict[str, Any]:
    """Return the request that writes an item which is nothing but a key."""
    return {"PutRequest": {"Item": {**key, "expires_at": {"N": seconds(expires_at)}}}}


def end(item: Item) -> int:
    """Return from when on an item counts as absent, in milliseconds since 1970."""
    return int(item["expires_at"]["N"]) * 1000


def seconds(milliseconds: int) -> str:
    """Return whole seconds, rounded up, as DynamoDB's JSON wants a number: when an item expires."""
    return str(-(-milliseconds // 1000))


def seconds_passed(milliseconds: int) -> str:
    """Return the same, rounded down: the time to hold `expires_at` against.

    So nothing expires before its time, and what ends with a whole second ends right then.
    """
    return str(milliseconds // 1000)
