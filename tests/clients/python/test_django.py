"""Publishing when a transaction commits, in a real Django with two databases."""

import asyncio
import logging
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.test import override_settings
from django.utils.functional import lazystr

from tests.clients.python.kit.aws import Answer, aws
from tests.clients.python.kit.clients import PAYMENT
from tests.clients.python.kit.frames import receipt
from tests.clients.python.kit.http import bodies, stage, tokens
from tests.clients.python.kit.readme import SNIPPETS
from tests.clients.python.kit.server import Script, Visit, hang, scripted
from tests.clients.python.kit.service import Service
from ws_notify import Receipt
from ws_notify.django import _cached_publisher, anotify_on_commit, configured, notify_on_commit
from ws_notify.testing import AsyncRecorder

IN_MEMORY = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}


@pytest.fixture(autouse=True, scope="module")
def project() -> None:
    """Be a project of Django, which can be configured once a process."""
    if not settings.configured:
        settings.configure(DATABASES={"default": IN_MEMORY, "other": IN_MEMORY}, USE_TZ=True)
        django.setup()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Give each test databases and publishers of its own."""
    yield
    connections.close_all()
    _cached_publisher.cache_clear()


class Recorder:
    """A publisher that writes down what it is asked, and raises what it is told to."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._failure = failure

    def publish(self, *, deadline: float = 10.0, **fields: Any) -> Receipt:
        self.asked.append({"deadline": deadline, **fields})
        if self._failure:
            raise self._failure
        return Receipt(fields["id"], "shop", "12303", "now", 1, 0, 0, duplicate=False)


def test_a_notification_in_a_transaction_is_published_at_its_commit() -> None:
    publisher = Recorder()
    with transaction.atomic():
        notify_on_commit(**PAYMENT, id="n-1", amount="10.100", publisher=publisher)
        assert publisher.asked == []
    fields = {"id": "n-1", "status": "done", "amount": "10.100", **PAYMENT}
    assert publisher.asked == [{"deadline": 2.0, **fields}]


def test_a_notification_outside_of_a_transaction_is_published_at_once() -> None:
    publisher = Recorder()
    notify_on_commit(**PAYMENT, publisher=publisher, deadline=0.5)
    assert publisher.asked[0]["deadline"] == 0.5
    assert publisher.asked[0]["id"]


def test_a_rolled_back_notification_is_not_published() -> None:
    publisher = Recorder()
    with transaction.atomic():
        notify_on_commit(**PAYMENT, publisher=publisher)
        transaction.set_rollback(True)
    with transaction.atomic():
        pass
    assert publisher.asked == []


def test_a_notification_using_a_database_waits_for_its_commit() -> None:
    publisher = Recorder()
    with transaction.atomic(using="other"):
        with transaction.atomic():
            notify_on_commit(**PAYMENT, publisher=publisher, using="other")
        assert publisher.asked == []
    assert len(publisher.asked) == 1


@pytest.mark.parametrize("failure", [OSError("no network"), TypeError("no JSON")])
def test_a_failed_publish_does_not_raise_and_logs_the_id(
    caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    after = Recorder()
    with transaction.atomic():
        notify_on_commit(**PAYMENT, id="n-1", publisher=Recorder(failure))
        notify_on_commit(**PAYMENT, publisher=after)
    assert len(after.asked) == 1
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ws_notify", logging.ERROR)
    assert vars(record)["notification_id"] == "n-1"


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"ref": None}, "ref"), ({"status": "paid"}, "status"), ({"message": None}, "message"),
     ({"amount": float("nan")}, "amount"), ({"texts": [lazystr("\ud800")]}, "texts")],
)  # fmt: skip
def test_what_cannot_be_published_raises_at_the_call(changed: dict[str, Any], message: str) -> None:
    publisher = Recorder()
    with transaction.atomic():
        with pytest.raises((TypeError, ValueError), match=message):
            notify_on_commit(**{**PAYMENT, **changed}, publisher=publisher)
        with pytest.raises((TypeError, ValueError), match=message):
            asyncio.run(anotify_on_commit(**{**PAYMENT, **changed}, publisher=publisher))
    assert publisher.asked == []


def test_the_synchronous_one_in_an_event_loop_raises_at_the_call_and_names_the_other() -> None:
    async def view() -> None:
        notify_on_commit(**PAYMENT, publisher=Recorder())

    with pytest.raises(RuntimeError, match="await anotify_on_commit"):
        asyncio.run(view())


def test_an_asynchronous_view_publishes_at_once_outside_of_a_transaction() -> None:
    publisher = Recorder()

    async def view() -> None:
        await anotify_on_commit(**PAYMENT, id="n-1", amount=Decimal("10.100"), publisher=publisher)
        assert publisher.asked[0]["amount"] == "10.100"
        await sync_to_async(connections.close_all)()

    asyncio.run(view())


def test_an_asynchronous_view_in_a_transaction_publishes_at_its_commit() -> None:
    publisher = Recorder()

    @async_to_sync
    async def notify() -> None:
        await anotify_on_commit(**PAYMENT, publisher=publisher)

    with transaction.atomic():  # as of a middleware, in the thread of `async_to_sync`
        notify()
        assert publisher.asked == []
    assert len(publisher.asked) == 1


def test_an_unknown_database_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    notify_on_commit(**PAYMENT, using="no such database")
    assert "notification not published" in caplog.text


@pytest.mark.parametrize("wanted", [None, {}, {"token": "t"}, "wss://example.com/dev"])
def test_invalid_settings_are_logged_and_name_what_is_missing(
    caplog: pytest.LogCaptureFixture, wanted: object
) -> None:
    with override_settings(WS_NOTIFY=wanted):
        notify_on_commit(**PAYMENT)
        assert "WS_NOTIFY must be a dict with `url`, `http_url` or `function_name`" in caplog.text
        with pytest.raises(ImproperlyConfigured):
            configured()


def test_settings_with_a_url_publish_over_one_connection() -> None:
    with scripted(Visit.serve) as server:
        wanted = {"url": server.url, "token": lambda: "t-1"}
        with override_settings(WS_NOTIFY=wanted):
            notify_on_commit(**PAYMENT)
            notify_on_commit(**PAYMENT)
            assert server.tokens == ["Bearer t-1"]
            configured().close()  # type: ignore[attr-defined] # it is a Client


def test_the_snippets_of_the_readme_publish_at_the_commit() -> None:
    service = Service()
    with scripted(service) as server:
        names: dict[str, Any] = {"url": server.url, "backend_token": lambda: "t-1"}
        exec(SNIPPETS["settings"], names)  # noqa: S102 - the document's own
        exec(SNIPPETS["view"], names)  # noqa: S102 - (the same)
        with override_settings(WS_NOTIFY=names["WS_NOTIFY"]):
            names["pay"]("12303")
            configured().close()  # type: ignore[attr-defined] # it is a Client
        assert server.tokens == ["Bearer t-1"]
    assert [frame["id"] for frame in service.published] == ["12303-paid"]


@pytest.mark.parametrize("more", [{}, {"url": "wss://for.the.page/dev"}], ids=["alone", "url"])
def test_settings_with_a_function_name_invoke_it(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    with (
        aws(monkeypatch, Answer(receipt("n-1"))) as here,
        override_settings(WS_NOTIFY={"function_name": "publish-dev", **more}),
    ):
        notify_on_commit(**PAYMENT, id="n-1", deadline=5)
    assert here.payloads[0]["id"] == "n-1"


@pytest.mark.parametrize("more", [{}, {"url": "wss://for.the.page/dev"}], ids=["alone", "url"])
def test_settings_with_an_http_url_post_over_one_connection(more: dict[str, str]) -> None:
    with stage() as api:
        wanted = {"http_url": api.endpoint, "token": lambda: "t-1", **more}
        with override_settings(WS_NOTIFY=wanted):
            notify_on_commit(**PAYMENT, id="n-1")
            async_to_sync(anotify_on_commit)(**PAYMENT, id="n-2")
            configured().close()  # type: ignore[attr-defined] # it is an HttpPublisher
        assert [body["id"] for body in bodies(api)] == ["n-1", "n-2"]
        assert tokens(api) == ["Bearer t-1"] * 2
    assert api.connections == 1


def test_a_forked_process_has_a_publisher_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with override_settings(WS_NOTIFY={"url": "ws://127.0.0.1:1/dev"}):
        before = configured()
        assert configured() is before
        monkeypatch.setattr("os.getpid", lambda: 1)
        assert configured() is not before


@pytest.mark.parametrize("script", [hang, 503, Visit.hold], ids=["hang", "503", "silence"])
def test_a_service_that_does_not_answer_delays_the_request_by_the_deadline_at_most(
    caplog: pytest.LogCaptureFixture, script: Script
) -> None:
    with scripted(script) as server, override_settings(WS_NOTIFY={"url": server.url}):
        began = time.monotonic()
        notify_on_commit(**PAYMENT, id="n-1", deadline=0.3)
        assert time.monotonic() - began < 1.5
        configured().close()  # type: ignore[attr-defined] # it is a Client
    assert "Try again with id='n-1'" in caplog.text


def test_a_publisher_that_must_be_awaited_raises_at_the_call() -> None:
    asynchronous: Any = AsyncRecorder()
    for notify in (notify_on_commit, async_to_sync(anotify_on_commit)):
        with pytest.raises(TypeError, match="not AsyncRecorder, whose `publish` is awaited"):
            notify(**PAYMENT, publisher=asynchronous)
    with override_settings(WS_NOTIFY={"publisher": asynchronous}), pytest.raises(TypeError):
        configured()
