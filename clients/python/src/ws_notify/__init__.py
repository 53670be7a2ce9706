"""Publish to and listen for the notifications of OttuWsNotify.

from ws_notify import Client

with Client(url, token=token) as client:
    client.publish(
        merchant_id="shop", ref="12303", project="checkout", type="payment", message="paid"
    )
    for notification in client.subscribe("shop", "12303"):
        print(notification.status, notification.message)
"""

from ws_notify.async_client import AsyncClient
from ws_notify.async_http_publisher import AsyncHttpPublisher
from ws_notify.async_subscription import AsyncSubscription
from ws_notify.aws import LambdaPublisher
from ws_notify.client import Client
from ws_notify.exceptions import (
    ClosedError,
    ConfigurationError,
    ConnectionLostError,
    DeadlineError,
    HandshakeError,
    KeysError,
    RefusedError,
    TokenError,
    WsNotifyError,
)
from ws_notify.http_publisher import HttpPublisher
from ws_notify.keys import Keys
from ws_notify.subscription import Subscription
from ws_notify.timeouts import Timeouts
from ws_notify.tokens import mint_token
from ws_notify.values import Notification, Receipt

__all__ = [
    "AsyncClient",
    "AsyncHttpPublisher",
    "AsyncSubscription",
    "Client",
    "ClosedError",
    "ConfigurationError",
    "ConnectionLostError",
    "DeadlineError",
    "HandshakeError",
    "HttpPublisher",
    "Keys",
    "KeysError",
    "LambdaPublisher",
    "Notification",
    "Receipt",
    "RefusedError",
    "Subscription",
    "Timeouts",
    "TokenError",
    "WsNotifyError",
    "mint_token",
]
