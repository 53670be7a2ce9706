"""Subscriptions and notifications as DynamoDB items: every key and prefix. Values only, no calls.

    connections   connection_id, merchant_id#ref, expires_at
    ledger        merchant_id#ref, entry = "subscription#{connection_id}", expires_at
                  merchant_id#ref, entry = "notification#{id}", notification, sent_at, write,
                                   expires_at

`expires_at` is in seconds since 1970, DynamoDB's unit for it. A notification is kept as text: as
DynamoDB numbers, 1e-7 and 2^53 + 1 would come back as others.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

TOPIC_KEY: Final = "merchant_id#ref"
NOTIFICATION: Final = "notification#"
RECENT_SUBSCRIPTION: Final = "subscription#"

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredNotification:
    """What the ledger holds of a notification; `text` is the JSON as delivered."""

    id: str
    text: str
    sent_at: str


def same_content(one: StoredNotification, other: StoredNotification) -> bool:
    """Tell whether they differ in `sent_at` at most; 1, 1.0 and true differ."""
    return _content(one) == _content(other)


def subscription_key(connection_id: str, topic_key: str) -> Item:
    """Return the key of a subscription in the connections table."""
    return {"connection_id": {"S": connection_id}, TOPIC_KEY: {"S": topic_key}}


def recent_subscription_key(connection_id: str, topic_key: str) -> Item:
    """Return the key of a recent subscription in the ledger."""
    return {TOPIC_KEY: {"S": topic_key}, "entry": {"S": f"{RECENT_SUBSCRIPTION}{connection_id}"}}


def recent_subscriber(item: Item) -> str:
    """Return the connection id of a recent subscription."""
    return str(item["entry"]["S"].removeprefix(RECENT_SUBSCRIPTION))


def notification(
    topic_key: str, stored: StoredNotification, write: str, expires_at_ms: int
) -> Item:
    """Return the item of a notification; `write` tells this attempt to write it from others."""
    return {
        TOPIC_KEY: {"S": topic_key},
        "entry": {"S": f"{NOTIFICATION}{stored.id}"},
        "notification": {"S": stored.text},
        "sent_at": {"S": stored.sent_at},
        "write": {"S": write},
        "expires_at": {"N": seconds(expires_at_ms)},
    }


def read_notification(item: Item) -> StoredNotification:
    """Return the notification of an item."""
    return StoredNotification(
        id=item["entry"]["S"].removeprefix(NOTIFICATION),
        text=item["notification"]["S"],
        sent_at=item["sent_at"]["S"],
    )


def put_request(key: Item, expires_at_ms: int) -> dict[str, Any]:
    """Return the request that writes an item which is nothing but a key."""
    return {"PutRequest": {"Item": {**key, "expires_at": {"N": seconds(expires_at_ms)}}}}


def expires_at_ms(item: Item) -> int:
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


def _content(notification: StoredNotification) -> str:
    """Return the content in one spelling."""
    content: dict[str, Any] = json.loads(notification.text)
    del content["sent_at"]
    return json.dumps(content, sort_keys=True)
