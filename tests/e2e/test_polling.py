"""Pages in a real browser whose network blocks WebSockets, on the deployed stage."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.kit.browser import serving_page
from tests.kit.peer import TIMEOUT, peer, publication, unique
from tests.kit.relay import Mode, Relay, relay
from tools.deploy import LocalStage

# A watch with the options in the page's address. It keeps over a reload what it heard, and until
# when.
PAGE = """
<!doctype html>
<script type="module">
  import { watchRef } from './ws-notify/index.js';
  import { polling } from './ws-notify/polling.js';

  window.states = [];
  window.errors = [];
  window.heard = JSON.parse(sessionStorage.getItem('heard') ?? '[]');
  const { httpUrl, ...options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  const since = sessionStorage.getItem('since') ?? undefined;
  const fallback = polling(httpUrl);
  window.tokens = 0;
  const token = window.fetchToken && (() => (tokens++, fetchToken()));
  const watch = watchRef(
    { ref: '7', every: true, since, fallback, token, ...options },
    ({ message }) => heard.push(message),
  );
  watch.addEventListener('state', ({ detail }) => states.push(detail.state));
  watch.addEventListener('error', ({ detail }) => errors.push(detail.code));
  addEventListener('pagehide', () => {
    sessionStorage.setItem('since', watch.since ?? '');
    sessionStorage.setItem('heard', JSON.stringify(heard));
  });
</script>
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A page that waits for a ref; between it and its stage is the network."""

    page: Page
    network: Relay
    address: str
    publisher: str
    merchant: str

    def opens(self) -> None:
        self.page.goto(self.address)

    def is_in(self, state: str) -> None:
        self._wait_for(f"window.states?.at(-1) === '{state}'")

    def hears(self, *messages: str) -> None:
        """Wait until it heard these, each once, in this order, and no other."""
        self._wait_for(f"window.heard?.length >= {len(messages)}")
        assert self.page.evaluate("heard") == list(messages)

    def fetches_a_token(self, count: int) -> None:
        self._wait_for(f"tokens >= {count}")

    def goes_back(self) -> None:
        """Wait until it is subscribed; the minute between its attempts passes at once."""
        deadline = time.monotonic() + 3 * TIMEOUT
        while self.page.evaluate("states.at(-1)") != "subscribed":
            assert time.monotonic() < deadline
            self.page.clock.fast_forward(75_000)
            with suppress(PlaywrightTimeoutError):
                self._wait_for("states.at(-1) === 'subscribed'", timeout=TIMEOUT / 3)

    def publish(self, message: str) -> None:
        with peer(self.publisher) as backend:
            receipt = backend.ask(publication(self.merchant, "7", message=message))
            assert receipt["type"] == "receipt"

    def _wait_for(self, condition: str, timeout: float = TIMEOUT) -> None:
        self.page.wait_for_function(condition, timeout=timeout * 1000)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    with serving_page(tmp_path, PAGE) as address:
        yield address


def page_of(page: Page, shop: str, network: Relay, stage: LocalStage) -> Waiting:
    merchant = unique("shop")
    url, http_url = network.through(stage.url), network.through(stage.http_url)
    options = {"url": url, "httpUrl": http_url, "merchantId": merchant}
    return Waiting(page, network, f"{shop}#{quote(json.dumps(options))}", stage.url, merchant)


@pytest.fixture
def waiting(page: Page, shop: str, stage: LocalStage) -> Iterator[Waiting]:
    """Return a page that was not opened yet, whose clock may be moved."""
    page.clock.install()
    with relay(stage.url) as network:
        yield page_of(page, shop, network, stage)
        page.goto("about:blank")


@pytest.mark.parametrize("mode", ["refuse", "swallow"])
def test_a_page_behind_a_proxy_that_blocks_websockets_hears_and_goes_back_when_it_may(
    waiting: Waiting, mode: Mode
) -> None:
    network = waiting.network
    network.mode = mode
    waiting.publish("before")
    waiting.opens()
    waiting.hears("before")
    waiting.is_in("polling")
    waiting.publish("meanwhile")
    waiting.hears("before", "meanwhile")
    while not network.blocked.empty():
        network.blocked.get()
    waiting.page.clock.fast_forward(75_000)
    assert network.blocked.get(timeout=TIMEOUT) == mode
    assert waiting.page.evaluate("[states.at(-1), errors]") == ["polling", []]
    network.mode = "pass"
    waiting.goes_back()
    waiting.publish("after")
    waiting.hears("before", "meanwhile", "after")


def test_a_page_whose_proxy_begins_to_swallow_frames_hears_what_was_lost(waiting: Waiting) -> None:
    waiting.opens()
    waiting.is_in("subscribed")
    waiting.publish("before")
    waiting.hears("before")
    waiting.network.mode = "swallow"
    waiting.publish("lost")
    waiting.page.clock.fast_forward(50_000)  # when it asks whether the connection works
    waiting.hears("before", "lost")
    waiting.is_in("polling")
    waiting.network.mode = "pass"
    waiting.goes_back()
    waiting.publish("after")
    waiting.hears("before", "lost", "after")


def test_a_page_that_reloads_and_changes_networks_misses_nothing(waiting: Waiting) -> None:
    sent: list[str] = []

    def publish(message: str) -> None:
        sent.append(f"{len(sent)}: {message}")
        waiting.publish(sent[-1])

    def hears_all() -> None:
        """After a reload what came shortly before it comes again."""
        waiting.page.wait_for_function(f"new Set(heard).size >= {len(sent)}")
        assert list(dict.fromkeys(waiting.page.evaluate("heard"))) == sent

    waiting.network.mode = "refuse"
    waiting.opens()
    waiting.is_in("polling")
    changes: list[tuple[Mode, str]]
    changes = [("pass", "subscribed"), ("refuse", "polling"), ("pass", "subscribed")]
    for mode, state in changes:
        publish("before another network")
        waiting.page.context.set_offline(offline=True)
        publish("offline")
        waiting.network.change(mode)
        waiting.page.context.set_offline(offline=False)
        waiting.is_in(state)
        hears_all()
        waiting.page.reload(wait_until="commit")
        publish("reloading")
        waiting.is_in(state)
        hears_all()


def test_a_page_that_asks_renews_the_token_that_ends(
    page: Page, shop: str, guarded: LocalStage
) -> None:
    with relay(guarded.url) as network:
        network.mode = "refuse"
        waiting = page_of(page, shop, network, guarded)
        merchant = waiting.merchant
        waiting = replace(
            waiting, publisher=f"{guarded.url}?token={guarded.token('backend', merchant)}"
        )
        page.expose_function(
            "fetchToken", lambda: guarded.token("frontend", merchant, "7", lifetime=8)
        )
        waiting.opens()
        waiting.is_in("polling")
        waiting.publish("with one token")
        waiting.hears("with one token")
        waiting.fetches_a_token(1 + page.evaluate("tokens"))
        waiting.publish("with another")
        waiting.hears("with one token", "with another")
        waiting.is_in("polling")
        assert page.evaluate("errors") == []
        page.goto("about:blank")
