"""Publishing after a transaction commits. Extra `[django]`.

In the settings, one of:

    WS_NOTIFY = {"url": "wss://...", "token": fetch_token}      # as for Client
    WS_NOTIFY = {"http_url": "https://...", "token": fetch_token}  # as for HttpPublisher
    WS_NOTIFY = {"function_name": "..."}                        # as for LambdaPublisher
    WS_NOTIFY = {"publisher": Recorder()}                       # any Publisher, as in tests

A process that dies between the commit and the publish, or a service that is not reached within the
deadline, leaves a commit without a notification. Where that must not happen, use the outbox of this
package's README.
"""

import asyncio
import functools
import inspect
import logging
import os
from typing import Any, Protocol

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from ws_notify.aws import LambdaPublisher
from ws_notify.client import Client
from ws_notify.exceptions import WsNotifyError
from ws_notify.fields import build_fields
from ws_notify.http_publisher import HttpPublisher
from ws_notify.values import AnyRef, AnyStatus, AnyText, Receipt

_log = logging.getLogger("ws_notify")

_NAMES = frozenset({"url", "http_url", "function_name", "publisher"})


class Publisher(Protocol):
    """The interface that Client, HttpPublisher, LambdaPublisher and testing.Recorder share."""

    def publish(  # noqa: PLR0913 - a notification has these fields
        self,
        *,
        merchant_id: AnyText,
        ref: AnyRef,
        project: AnyText,
        type: AnyText,  # noqa: A002 - the protocol's names
        message: AnyText,
        status: AnyStatus = ...,
        id: AnyText | None = ...,  # noqa: A002
        deadline: float = ...,
        **further: Any,
    ) -> Receipt:
        """Publish a notification."""


def notify_on_commit(  # noqa: PLR0913 - a notification has these fields
    *,
    merchant_id: AnyText,
    ref: AnyRef,
    project: AnyText,
    type: AnyText,  # noqa: A002 - the protocol's names
    message: AnyText,
    status: AnyStatus = "done",
    id: AnyText | None = None,  # noqa: A002
    deadline: float = 2.0,
    publisher: Publisher | None = None,
    using: str | None = None,
    **further: Any,
) -> None:
    """Publish once the transaction of the database `using` commits, at once outside of any.

    Raises TypeError and ValueError, with the field's name, for what cannot be published, and
    RuntimeError in an event loop, where transactions do not work: `anotify_on_commit` is for that.
    What goes wrong afterwards is logged, by `ws_notify`, with the notification's `id`. The request
    waits for the receipt, for at most `deadline` seconds; name resolution and connecting count.
    `publisher` is the one of the settings unless given.
    """
    _refuse_event_loop()
    _check_publisher(publisher)
    fields = build_fields(
        id,
        merchant_id,
        ref,
        project,
        type,
        status=status,
        message=message,
        further=further,
        deadline=deadline,
    )

    _publish_on_commit(fields, deadline, publisher, using)


async def anotify_on_commit(  # noqa: PLR0913 - a notification has these fields
    *,
    merchant_id: AnyText,
    ref: AnyRef,
    project: AnyText,
    type: AnyText,  # noqa: A002 - the protocol's names
    message: AnyText,
    status: AnyStatus = "done",
    id: AnyText | None = None,  # noqa: A002
    deadline: float = 2.0,
    publisher: Publisher | None = None,
    using: str | None = None,
    **further: Any,
) -> None:
    """Publish as `notify_on_commit` does, from asynchronous code, with the same arguments.

    It runs in the thread in which Django runs what `sync_to_async` is given: so it waits for the
    commit of a transaction that is open there, and publishes at once where none is. Transactions
    do not work in asynchronous code itself:
    https://docs.djangoproject.com/en/5.2/topics/async/#queries-the-orm
    """
    _check_publisher(publisher)
    fields = build_fields(
        id,
        merchant_id,
        ref,
        project,
        type,
        status=status,
        message=message,
        further=further,
        deadline=deadline,
    )
    await sync_to_async(_publish_on_commit)(fields, deadline, publisher, using)


def _check_publisher(publisher: object) -> None:
    if inspect.iscoroutinefunction(getattr(publisher, "publish", None)):
        raise TypeError(
            f"publisher must be one whose `publish` waits, as of a Client or a Recorder, not "
            f"{type(publisher).__name__}, whose `publish` is awaited; so for anotify_on_commit"
        )


def _refuse_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        "notify_on_commit was called in an event loop, where Django has no transactions: use "
        "`await anotify_on_commit(...)`"
    )


def _publish_on_commit(
    fields: dict[str, Any], deadline: float, publisher: Publisher | None, using: str | None
) -> None:
    def publish() -> None:
        try:
            (publisher or configured()).publish(deadline=deadline, **fields)
        except WsNotifyError as error:  # its text says it all
            _log.error("notification not published: %s", error, extra=named)
        except Exception:  # noqa: BLE001 - an error must not fail the request
            _log.exception("notification not published", extra=named)

    named = {"notification_id": fields["id"]}
    try:
        transaction.on_commit(publish, using=using, robust=True)
    except Exception:  # noqa: BLE001 - an error must not fail the request
        _log.exception("notification not published", extra=named)


def configured() -> Publisher:
    """Return this process's publisher by the settings.

    Raises ImproperlyConfigured, ValueError, TypeError.

    A `publisher` comes first, so that a shop's tests may leave its other settings as they are;
    beside `http_url` or `function_name`, `url` is for the page alone.
    """
    wanted = getattr(settings, "WS_NOTIFY", None)
    if not isinstance(wanted, dict) or not _NAMES & wanted.keys():
        raise ImproperlyConfigured(
            "WS_NOTIFY must be a dict with `url`, `http_url` or `function_name`, or with a "
            "`publisher`"
        )
    if "publisher" in wanted:
        publisher: Publisher = wanted["publisher"]
        _check_publisher(publisher)
        return publisher
    # A process that was forked must not share the connection of its parent.
    return _cached_publisher(os.getpid(), **wanted)


@functools.lru_cache(maxsize=8)
def _cached_publisher(_pid: int, **wanted: Any) -> Client | HttpPublisher | LambdaPublisher:
    if "http_url" in wanted or "function_name" in wanted:
        wanted.pop("url", None)
    if "http_url" in wanted:
        return HttpPublisher(wanted.pop("http_url"), **wanted)
    return LambdaPublisher(**wanted) if "function_name" in wanted else Client(**wanted)
