"""The recorders for a shop's own tests, and the documented shop's tests, run as they stand."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.python.kit.clients import PAYMENT
from tests.clients.python.kit.readme import ROOT
from tests.clients.python.kit.server import TIMEOUT
from ws_notify import (
    AsyncClient,
    AsyncHttpPublisher,
    Client,
    ClosedError,
    DeadlineError,
    HttpPublisher,
    RefusedError,
)
from ws_notify.testing import AsyncRecorder, Recorder

TEXT = (ROOT / "docs/integrate-backend.md").read_text()
SNIPPETS = dict(re.findall(r"<!-- tests: (\S+) -->\n```\w+\n(.*?)```", TEXT, re.DOTALL))


def test_a_recorder_keeps_what_a_subscriber_would_receive() -> None:
    with Recorder() as recorder:
        receipt = recorder.publish(**PAYMENT, id="n-1", amount="10.100", deadline=1)
        recorder.publish(**{**PAYMENT, "ref": 7, "status": "failed"})
        first, second = recorder.published
        assert list(recorder.subscribe("shop", "12303")) == [first]
        with recorder.subscribe("shop", "7", "12303", timeout=1) as subscription:
            assert subscription.ready()
            assert list(subscription) == [first, second]
    assert (receipt.id, receipt.accepted, receipt.duplicate) == ("n-1", 1, False)
    assert (first.topic, first.status) == (("shop", "12303"), "done")
    assert first.data == {
        **PAYMENT,
        "client": "backend",
        "status": "done",
        "id": "n-1",
        "amount": "10.100",
        "sent_at": receipt.sent_at,
    }
    assert second.id != first.id
    with pytest.raises(ClosedError):
        recorder.publish(**PAYMENT)
    with pytest.raises(ClosedError):
        recorder.subscribe("shop", "1")


@pytest.mark.parametrize("ref", [None, True, 1.5])
def test_a_ref_that_the_service_would_refuse_is_refused(ref: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="ref"):
        Recorder().publish(**{**PAYMENT, "ref": ref})


def test_an_id_is_recorded_once_within_its_topic_and_refused_for_other_content() -> None:
    recorder = Recorder()
    first = recorder.publish(**PAYMENT, id="n-1")
    assert recorder.publish(**PAYMENT, id="n-1").duplicate
    assert not recorder.publish(**{**PAYMENT, "ref": "2"}, id="n-1").duplicate
    with pytest.raises(RefusedError, match="used for other content") as refused:
        recorder.publish(**{**PAYMENT, "message": "another"}, id="n-1")
    assert (refused.value.code, refused.value.field) == ("invalid_message", "id")
    assert recorder.published[0].sent_at == first.sent_at
    recorder.clear()
    assert recorder.published == []


@pytest.mark.parametrize(
    "further", [{"amount": object()}, {"amount": float("nan")}, {"client": "x"}, {"name": "\ud800"}]
)
def test_what_a_client_refuses_is_refused_in_the_same_words(further: dict[str, Any]) -> None:
    recorder = Recorder()
    with (
        Client("ws://127.0.0.1:1/dev") as client,
        pytest.raises((ValueError, TypeError)) as expected,
    ):
        client.publish(**PAYMENT, **further)
    with pytest.raises(type(expected.value)) as raised:
        recorder.publish(**PAYMENT, **further)
    assert str(raised.value) == str(expected.value)
    assert recorder.published == []


def test_a_failure_is_raised_and_nothing_is_recorded() -> None:
    failure = DeadlineError("n-1", 2.0, None)
    recorder = Recorder(failure)
    with pytest.raises(DeadlineError) as raised:
        recorder.publish(**PAYMENT)
    assert raised.value is failure
    assert recorder.published == []
    recorder.failure = None
    assert recorder.publish(**PAYMENT).accepted == 1


async def _record() -> list[str]:
    async with AsyncRecorder() as recorder:
        await recorder.publish(**PAYMENT, id="n-1")
        async with recorder.subscribe("shop", "12303") as subscription:
            assert await subscription.ready()
            found = [each.id async for each in subscription]
    with pytest.raises(ClosedError):
        await recorder.publish(**PAYMENT)
    assert [each.id for each in recorder.published] == found
    return found


def test_an_asynchronous_recorder_is_used_as_an_async_client() -> None:
    assert asyncio.run(_record()) == ["n-1"]


@pytest.mark.parametrize(
    ("real", "recorder"),
    [
        (Client, Recorder),
        (HttpPublisher, Recorder),
        (AsyncClient, AsyncRecorder),
        (AsyncHttpPublisher, AsyncRecorder),
    ],
)
def test_a_recorder_has_what_its_client_has(real: type, recorder: type) -> None:
    public = {name for name in vars(real) if not name.startswith("_")}
    assert public <= vars(recorder).keys()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The documented shop, without the page's side."""
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", tmp_path], check=True)
    for name, text in SNIPPETS.items():
        if "/" in name:
            file = tmp_path / name
            file.write_text((file.read_text() if name == "shop/settings.py" else "") + text)
    return tmp_path


def test_the_documented_shops_own_tests_pass_without_a_stage_or_aws(shop: Path) -> None:
    command = SNIPPETS["test"].split()
    command[0] = sys.executable
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        command,
        cwd=shop,
        env=inherited,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 3 tests" in done.stderr
