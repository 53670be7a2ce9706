"""Pages of a shop in a real browser on the deployed stage, without and with the module."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.kit.browser import serving, serving_page
from tests.kit.peer import TIMEOUT, peer, publication, unique
from tools.deploy import LocalStage, local_stage

LEGACY = Path(__file__).parent / "legacy" / "listen.js"
LEGACY_ADDRESS = "wss://10h4atbflh.execute-api.eu-west-1.amazonaws.com/dev/"

PAGE = """
<!doctype html>
<script type="module">
  import { watchRef } from './ws-notify/index.js';

  window.sockets = [];
  window.WebSocket = class extends WebSocket {
    constructor(...options) {
      sockets.push(super(...options));
    }
  };
  window.received = [];
  window.states = [];
  window.errors = [];
  const [url, merchantId, more] = await firstOptions();
  const until = ({ status, message }) => status === 'done' && message.startsWith('paid');
  const options = { url, merchantId, ref: '7', token: fetchToken, until, ...more };
  const watch = watchRef(options, ({ message }) => received.push(message));
  watch.addEventListener('state', ({ detail }) => states.push(detail.state));
  watch.addEventListener('error', ({ detail }) => errors.push(detail.code));
</script>
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """Return the address of a page with a watch; its test provides stage, merchant and token."""
    with serving_page(tmp_path, PAGE) as address:
        yield address


@pytest.fixture
def merchant() -> str:
    return unique("shop")


def wait_for(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=TIMEOUT * 1000)


def publish(url: str, merchant: str, ref: str, message: str, **more: Any) -> None:
    with peer(url) as backend:
        receipt = backend.ask(publication(merchant, ref, message=message, **more))
        assert receipt["type"] == "receipt"


def test_a_page_with_the_legacy_snippet_closes_when_its_notification_arrives(
    page: Page, tmp_path: Path, stage: LocalStage
) -> None:
    program = LEGACY.read_text().replace(LEGACY_ADDRESS, f"{stage.url}/")
    (tmp_path / "index.html").write_text(f"<!doctype html><script>{program}</script>")
    with serving(tmp_path) as address:
        with page.expect_websocket() as socket, page.expect_console_message(_says_subscribed):
            page.goto(address)
        with socket.value.expect_event("close"):
            publish(stage.url, "merchant_id", "12303", "paid", type="threeds_update")


def _says_subscribed(message: ConsoleMessage) -> bool:
    return '"subscribed"' in message.text


def _open(page: Page, shop: str, stage: LocalStage, merchant: str, **more: str) -> None:
    page.expose_function("fetchToken", lambda: None)
    page.expose_function("firstOptions", lambda: [stage.url, merchant, more])
    page.goto(shop)


def _fail(stage: LocalStage, merchant: str) -> None:
    publish(stage.url, merchant, "7", "declined", status="failed")


def test_a_page_that_is_open_during_a_declined_and_a_paid_attempt_shows_both_in_turn(
    page: Page, shop: str, stage: LocalStage, merchant: str
) -> None:
    _open(page, shop, stage, merchant)
    wait_for(page, "window.states?.at(-1) === 'subscribed'")
    _fail(stage, merchant)
    wait_for(page, "received.length === 1")
    publish(stage.url, merchant, "7", "paid")
    wait_for(page, "states.at(-1) === 'closed'")
    assert page.evaluate("received") == ["declined", "paid"]


def test_a_page_that_opens_after_a_declined_and_a_paid_attempt_shows_the_paid_one(
    page: Page, shop: str, stage: LocalStage, merchant: str
) -> None:
    _fail(stage, merchant)
    publish(stage.url, merchant, "7", "paid")
    _open(page, shop, stage, merchant)
    wait_for(page, "window.states?.at(-1) === 'closed'")
    assert page.evaluate("received") == ["paid"]


def test_a_page_of_a_second_attempt_does_not_show_the_failure_of_the_first(
    page: Page, shop: str, stage: LocalStage, merchant: str
) -> None:
    _fail(stage, merchant)
    # The replay begins 10 seconds before `since`: as if the failure were that old.
    began = datetime.now(UTC) + timedelta(seconds=11)
    _open(page, shop, stage, merchant, since=began.isoformat())
    wait_for(page, "window.states?.at(-1) === 'subscribed'")
    assert page.evaluate("received") == []
    publish(stage.url, merchant, "7", "paid")
    wait_for(page, "states.at(-1) === 'closed'")
    assert page.evaluate("received") == ["paid"]


def test_a_page_whose_token_expires_while_connected_fetches_another_and_misses_nothing(
    page: Page, shop: str, guarded: LocalStage, merchant: str
) -> None:
    fetched: list[str] = []

    def fetch_token() -> str:
        fetched.append(
            guarded.token("frontend", merchant, "7", lifetime=4 if fetched == [] else 60)
        )
        return fetched[-1]

    page.expose_function("fetchToken", fetch_token)
    page.expose_function("firstOptions", lambda: [guarded.url, merchant])
    page.goto(shop)
    backend = f"{guarded.url}?token={guarded.token('backend', merchant)}"
    wait_for(page, "window.states?.at(-1) === 'subscribed'")
    publish(backend, merchant, "7", "with the first token")
    wait_for(page, "received.length === 1")
    wait_for(page, "sockets.length === 2 && sockets[0].readyState === WebSocket.CLOSED")
    publish(backend, merchant, "7", "with the second")
    wait_for(page, "received.length === 2")
    assert page.evaluate("received") == ["with the first token", "with the second"]
    assert page.evaluate("sockets[1].readyState === WebSocket.OPEN")
    assert len(fetched) == 2
    assert page.evaluate("states.at(-1)") == "subscribed"


def test_a_page_reconnects_to_a_stage_that_was_killed_and_started_again(
    page: Page, shop: str, merchant: str, tmp_path: Path, unused_port: int
) -> None:
    address = f"ws://localhost:{unused_port}/_aws/execute-api/notify/local"
    page.expose_function("fetchToken", lambda: None)
    page.expose_function("firstOptions", lambda: [address, merchant])
    page.clock.install()
    with local_stage(tmp_path / "first", unused_port) as killed:
        assert killed.url == address
        page.goto(shop)
        wait_for(page, "window.states?.at(-1) === 'subscribed'")
    wait_for(page, "states.includes('unreachable')")
    with local_stage(tmp_path / "second", unused_port):
        page.clock.fast_forward(75_000)  # the longest delay while unreachable
        wait_for(page, "window.states?.at(-1) === 'subscribed'")
        publish(address, merchant, "7", "after the restart")
        wait_for(page, "received.length === 1")


def test_a_page_whose_token_expires_and_is_not_renewed_is_unreachable(
    page: Page, shop: str, guarded: LocalStage, merchant: str
) -> None:
    token = guarded.token("frontend", merchant, "7", lifetime=3)
    page.expose_function("fetchToken", lambda: token)
    page.expose_function("firstOptions", lambda: [guarded.url, merchant])
    page.goto(shop)
    wait_for(page, "window.states?.includes('subscribed')")
    wait_for(page, "states.at(-1) === 'unreachable'")
    assert page.evaluate("errors") == ["unreachable"]
