"""Pages in a real browser, before peers and proxies that do not do what they should."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page
from websockets.exceptions import ConnectionClosed

from tests.clients.python.kit.frames import notification, subscribed
from tests.clients.python.kit.server import Visit, scripted
from tests.kit.browser import running, serving_page

TIMEOUT_MS = 40_000

# A watch with the options in the page's address; what it hears, and its states.
PAGE = """
<!doctype html>
<script type="module">
  import { watchRef } from './ws-notify/index.js';

  window.heard = [];
  window.states = [];
  window.errors = [];
  window.restored = false;
  addEventListener('pageshow', ({ persisted }) => (window.restored ||= persisted));
  const options = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  const watch = watchRef({ merchantId: 'shop', ref: '12303', ...options }, ({ id }) =>
    heard.push(id),
  );
  watch.addEventListener('state', ({ detail }) => states.push(detail.state));
  watch.addEventListener('error', ({ detail }) => errors.push(detail.code));
</script>
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright switches the back/forward cache off.
    with running(without=("--disable-back-forward-cache",)) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "bank.html").write_text("<!doctype html><title>The bank</title>")
    with serving_page(tmp_path, PAGE) as address:
        yield address


def open_page(page: Page, address: str, **options: Any) -> None:
    page.goto(f"{address}#{quote(json.dumps(options))}")


def wait_for(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=TIMEOUT_MS)


def swallow(visit: Visit) -> None:
    visit.wait_until_closed()


def close_at_once(_: Visit) -> None:
    """Let the handshake pass, and nothing more."""


@pytest.mark.parametrize("script", [swallow, close_at_once])
def test_a_page_behind_a_proxy_that_lets_only_the_handshake_pass_is_unreachable_after_three(
    page: Page, address: str, script: Any
) -> None:
    with scripted(script) as proxy:
        open_page(page, address, url=proxy.url)
        wait_for(page, "window.states?.at(-1) === 'unreachable'")
        assert page.evaluate("errors") == ["unreachable"]
        assert proxy.handshakes == 3
        page.goto("about:blank")


def test_a_page_behind_a_proxy_that_closes_idle_connections_learns_to_ping_in_time(
    page: Page, address: str
) -> None:
    idle = Event()
    second: Queue[dict[str, Any]] = Queue()

    def close_when_idle(visit: Visit) -> None:
        visit.answer(visit.receive())
        assert idle.wait(10)

    def record(visit: Visit) -> None:
        visit.answer(visit.receive())
        with suppress(ConnectionClosed, TimeoutError):
            while True:
                second.put(visit.receive())
                visit.send('{"client": "server", "type": "pong"}')

    page.clock.install()
    with scripted(close_when_idle, record) as proxy:
        open_page(page, address, url=proxy.url)
        wait_for(page, "window.states?.at(-1) === 'subscribed'")
        page.clock.fast_forward(42_000)
        idle.set()
        wait_for(page, "states.length > 3 && states.at(-1) === 'subscribed'")
        page.clock.fast_forward(25_000)
        assert second.empty()
        page.clock.fast_forward(6_000)
        assert second.get(timeout=10) == {"action": "ping"}
        page.goto("about:blank")


def test_a_page_back_from_the_back_forward_cache_hears_what_it_missed(
    page: Page, address: str
) -> None:
    def replay(visit: Visit) -> None:
        frame = visit.receive()
        visit.send(notification(id="while away"), subscribed(frame["ref"]))
        visit.wait_until_closed()

    with scripted(Visit.serve, replay) as service:
        open_page(page, address, url=service.url)
        wait_for(page, "window.states?.at(-1) === 'subscribed'")
        page.goto(f"{address}bank.html")
        page.go_back(wait_until="commit")  # what is restored brings no `load`
        wait_for(page, "window.restored")
        wait_for(page, "heard.length === 1")
        assert page.evaluate("heard") == ["while away"]
        page.goto("about:blank")
