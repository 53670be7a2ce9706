"""HttpPublisher and AsyncHttpPublisher against the deployed stage, with a socket that hears."""

import asyncio
import multiprocessing
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.clients.python.kit.clients import KINDS
from tests.clients.python.kit.http import Make, publishing
from tests.kit.peer import TIMEOUT, peer, unique
from tools.console import link
from tools.deploy import LocalStage
from tools.network import LOOPBACK
from tools.welcome import welcome
from ws_notify import (
    AsyncHttpPublisher,
    HandshakeError,
    HttpPublisher,
    Receipt,
    RefusedError,
    WsNotifyError,
)

FIELDS: dict[str, Any] = {"ref": "1", "project": "checkout", "type": "payment", "message": "paid"}
PATIENT: dict[str, Any] = {**FIELDS, "deadline": 20.0}
"""Enough for a cold start on a loaded machine."""


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    with publishing(request.param) as make:
        yield make


def test_a_publish_over_https_is_heard_with_every_field_as_a_model_holds_it(
    stage: LocalStage, make: Make
) -> None:
    shop = unique("shop")
    further: dict[str, Any] = {
        "amount": Decimal("10.100"),
        "order": UUID(int=7),
        "at": datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        "lines": [1, None, {"é": "\N{GRINNING FACE}"}],
    }
    with peer(stage.url) as page:
        page.subscribe(shop, "1")
        receipt = make(stage.http_url).publish(
            merchant_id=shop, **PATIENT, status="failed", **further
        )
        heard = page.receive()
    assert (receipt.accepted, receipt.gone, receipt.failed) == (1, 0, 0)
    assert heard == {
        "client": "backend",
        "merchant_id": shop,
        **FIELDS,
        "status": "failed",
        "amount": "10.100",
        "order": str(UUID(int=7)),
        "at": "2026-11-23T09:30:00Z",
        "lines": [1, None, {"é": "\N{GRINNING FACE}"}],
        "id": receipt.id,
        "sent_at": receipt.sent_at,
    }


def test_the_same_id_is_stored_once_and_is_no_other_content(stage: LocalStage, make: Make) -> None:
    given = {"merchant_id": unique("shop"), "id": "n-1", **PATIENT}
    publisher = make(stage.http_url)
    first, again = (publisher.publish(**given) for _ in range(2))
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.sent_at == again.sent_at
    with pytest.raises(RefusedError) as raised:
        publisher.publish(**{**given, "message": "another"})
    assert (raised.value.code, raised.value.field) == ("invalid_message", "id")
    assert raised.value.request_id


# -- tokens


def test_a_token_lets_its_merchant_and_refs_be_published_to_and_no_others(
    guarded: LocalStage, make: Make
) -> None:
    shop = unique("shop")
    publisher = make(guarded.http_url, token=guarded.token("backend", shop, "1"))
    with peer(f"{guarded.url}?token={guarded.token('frontend', shop, '1')}") as page:
        page.subscribe(shop, "1")
        assert publisher.publish(merchant_id=shop, **PATIENT).accepted == 1
        assert page.receive()["message"] == "paid"
    for field, changed in {"merchant_id": unique("shop"), "ref": "2"}.items():
        with pytest.raises(RefusedError) as raised:
            publisher.publish(**{"merchant_id": shop, **PATIENT, field: changed})
        assert (raised.value.code, raised.value.field) == ("forbidden", field)
        assert not raised.value.retryable


@pytest.mark.parametrize(
    ("token", "status", "said"),
    [(None, 401, "Pass `token=`"), ("not.a.token", 403, "The stage's authorizer denies the token")],
    ids=["none", "bad"],
)
def test_no_token_and_a_bad_one_are_raised_at_once(
    guarded: LocalStage, make: Make, token: str | None, status: int, said: str
) -> None:
    with pytest.raises(HandshakeError, match=said) as raised:
        make(guarded.http_url, token=token).publish(merchant_id="shop", **PATIENT)
    assert raised.value.status == status


def ended(guarded: LocalStage, shop: str) -> str:
    """Return a token that has ended while API Gateway still has the authorizer's answer to it."""
    token = guarded.token("backend", shop, lifetime=2)
    stop = threading.Event()
    timer = threading.Timer(TIMEOUT, stop.set)
    timer.start()
    with HttpPublisher(guarded.http_url, token=token) as publisher:
        with pytest.raises(RefusedError) as raised:
            publish_until(publisher, shop, stop)
        timer.cancel()
    assert (raised.value.code, raised.value.field) == ("forbidden", "exp")
    return token


@pytest.mark.parametrize(
    "first",
    [lambda *_: "not.a.token", lambda *_: None, ended],
    ids=["403 denied", "401", "403 exp"],
)
def test_a_function_is_asked_anew_for_a_token_after_a_denial(
    guarded: LocalStage, make: Make, first: Callable[[LocalStage, str], str | None]
) -> None:
    shop = unique("shop")
    given = [first(guarded, shop), guarded.token("backend", shop)]
    left = iter(given)
    publisher = make(guarded.http_url, token=lambda: next(left))
    assert publisher.publish(merchant_id=shop, **PATIENT).id
    assert publisher.publish(merchant_id=shop, **PATIENT).id
    assert list(left) == []


# -- threads, event loops and processes


def test_threads_share_a_publisher_and_each_gets_its_own_receipt(
    stage: LocalStage, make: Make
) -> None:
    def publish(id_: str) -> Receipt:
        return publisher.publish(merchant_id=shop, **PATIENT, id=id_)

    shop, publisher = unique("shop"), make(stage.http_url)
    ids = [f"n-{number}" for number in range(12)]
    with peer(stage.url) as page, ThreadPoolExecutor(6) as threads:
        page.subscribe(shop, "1")
        receipts = list(threads.map(publish, ids))
        heard = page.drain()
    assert [receipt.id for receipt in receipts] == ids
    assert {frame["id"] for frame in heard} == set(ids)  # at least once: an attempt may be repeated


def test_event_loops_one_after_another_and_side_by_side_share_a_publisher(
    stage: LocalStage,
) -> None:
    shop, publisher = unique("shop"), AsyncHttpPublisher(stage.http_url)

    async def publish() -> bool:
        publishes = [publisher.publish(merchant_id=shop, **PATIENT) for _ in range(3)]
        return all(receipt.accepted == 1 for receipt in await asyncio.gather(*publishes))

    with peer(stage.url) as page, ThreadPoolExecutor(3) as threads:
        page.subscribe(shop, "1")
        assert asyncio.run(publish())
        side_by_side = [threads.submit(asyncio.run, publish()) for _ in range(3)]
        assert all(each.result(2 * TIMEOUT) for each in side_by_side)
        assert asyncio.run(publish())
        assert len({frame["id"] for frame in page.drain()}) == 15


def _publish(publisher: HttpPublisher, shop: str, answers: Any) -> None:
    answers.put(publisher.publish(merchant_id=shop, **PATIENT).accepted)
    publisher.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_another_process_publishes_while_its_parent_goes_on(stage: LocalStage, method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    shop, answers = unique("shop"), context.Queue()
    with peer(stage.url) as page, HttpPublisher(stage.http_url) as publisher:
        page.subscribe(shop, "1")
        publisher.publish(merchant_id=shop, **PATIENT)
        stop = threading.Event()
        beside = ThreadPoolExecutor(1)
        going_on = beside.submit(publish_until, publisher, shop, stop)
        child = context.Process(target=_publish, args=(publisher, shop, answers))
        child.start()
        try:
            assert answers.get(timeout=2 * TIMEOUT) == 1
            child.join(2 * TIMEOUT)
            assert child.exitcode == 0
        finally:
            stop.set()
            child.kill()
            child.join()
            answers.close()
            answers.join_thread()
        assert going_on.result(2 * TIMEOUT) > 0
        beside.shutdown()


def publish_until(publisher: HttpPublisher, shop: str, stop: threading.Event) -> int:
    count = 0
    while not stop.is_set():
        count += publisher.publish(merchant_id=shop, **PATIENT).accepted
    return count


# -- what `make run` prints


@pytest.mark.parametrize("auth", ["off", "required"])
def test_the_curl_of_make_run_publishes_as_it_is_printed(
    stage: LocalStage, guarded: LocalStage, auth: str
) -> None:
    running = guarded if auth == "required" else stage
    page = link("http://127.0.0.1/console/", running.url, "shop", "42")
    (command,) = re.findall(
        r"^  ((?:no_proxy=\S+ )?curl .*)$", welcome(running, auth, page, LOOPBACK), re.MULTILINE
    )
    token = f"?token={running.token('frontend', 'shop', '42')}" if auth == "required" else ""
    with peer(running.url + token) as hearing:
        hearing.subscribe("shop", "42")
        done = subprocess.run(
            ["/bin/sh", "-c", command], check=True, capture_output=True, text=True
        )
        assert '"type":"receipt"' in done.stdout
        assert hearing.receive()["message"] == "paid"


def test_the_url_of_something_else_is_an_error_that_says_so(stage: LocalStage, make: Make) -> None:
    for wrong in (stage.http_url + "/publish", stage.http_url.replace("notify-http", "no-api")):
        with pytest.raises(WsNotifyError, match="output HttpEndpointURL as it is"):
            make(wrong).publish(merchant_id="shop", **PATIENT)
