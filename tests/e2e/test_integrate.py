"""The shop of docs/integrate-*.md, built from their snippets alone, in a virtual environment."""

import dataclasses
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.kit.peer import TIMEOUT, peer, publication
from tools.deploy import LocalStage, local_stage
from tools.ministack import free_port
from tools.outputs import clients_environment
from tools.package import PACKAGE, pack

ROOT = Path(__file__).parents[2]
SNIPPET = re.compile(r"<!-- tests: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
BACKEND, FRONTEND = (
    dict(SNIPPET.findall((ROOT / "docs" / f"integrate-{side}.md").read_text()))
    for side in ("backend", "frontend")
)
PORT_OF_THE_DOCUMENT = "127.0.0.1:8000"
INSTALLING = 300.0


@dataclass(frozen=True, slots=True)
class Shop:
    """Its stage, its folder, the environment of its programs, and its address."""

    stage: LocalStage
    folder: Path
    environment: dict[str, str]
    address: str

    def run(self, command: str, timeout: float = TIMEOUT) -> str:
        """Run a shell snippet; return what it prints."""
        return subprocess.run(
            ["bash", "-euc", command],  # noqa: S607 - a shell, as in the document
            cwd=self.folder,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=timeout,
        ).stdout

    def python(self, name: str, token: str = "") -> subprocess.Popen[str]:
        """Start a program of the document."""
        return subprocess.Popen(
            [".venv/bin/python", "-uc", BACKEND[name]],
            cwd=self.folder,
            env={**self.environment, "WS_NOTIFY_TOKEN": token},
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Return the shop as the documents build it, on a stage of its own that requires tokens."""
    place = tmp_path_factory.mktemp("integrate")
    (place / "OttuWsNotify").symlink_to(ROOT)
    folder = place / "shop"
    folder.mkdir()
    with local_stage(place / "stage", auth="required") as stage:
        environment = {**os.environ, **clients_environment(stage.outputs), **stage.environment}
        shop = Shop(stage, folder, environment, f"127.0.0.1:{free_port()}")
        # What `make env` prints for the stage of `make run` is in the environment for this one.
        shop.run(_without_make(BACKEND["install"]), INSTALLING)
        pack(PACKAGE)
        shop.run(_without_make(FRONTEND["module"]))
        for name, text in (*BACKEND.items(), *FRONTEND.items()):
            if "/" in name:
                file = folder / name
                before = file.read_text() if name == "shop/settings.py" else ""
                file.write_text(before + text)
        with _serving(shop, BACKEND["serve"]):
            yield shop


def _without_make(snippet: str) -> str:
    """Leave out its one line that calls make, which installs what this environment has."""
    lines = snippet.splitlines()
    left = [line for line in lines if "make -s" not in line]
    assert len(left) == len(lines) - 1
    return "\n".join(left)


@contextmanager
def _serving(shop: Shop, command: str) -> Iterator[None]:
    program = command.replace(PORT_OF_THE_DOCUMENT, shop.address).split()
    server = subprocess.Popen(program, cwd=shop.folder, env=shop.environment)
    try:
        _wait_until_served(f"http://{shop.address}/orders/0", server)
        yield
    finally:
        server.terminate()
        server.wait(TIMEOUT)


def _wait_until_served(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            urllib.request.urlopen(url, timeout=TIMEOUT).close()  # noqa: S310 - this machine
        except urllib.error.URLError:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)  # there is no event for a port that begins to listen
        else:
            return


def _pay(shop: Shop) -> None:
    assert shop.run(BACKEND["pay"].replace(PORT_OF_THE_DOCUMENT, shop.address)) == "saved\n"


def test_the_page_of_an_order_shows_its_payment_live_and_after_a_reload(
    page: Page, shop: Shop
) -> None:
    outcome = page.locator("#outcome")
    page.goto(f"http://{shop.address}/orders/12303")
    expect(outcome).to_have_attribute("data-state", "subscribed")
    expect(outcome).to_have_text("Waiting for your payment …")
    _pay(shop)
    expect(outcome).to_have_text("Paid. Thank you!")
    expect(outcome).to_have_attribute("data-state", "closed")
    page.reload()
    expect(outcome).to_have_text("Paid. Thank you!")
    _pay(shop)
    expect(outcome).to_have_text("Paid. Thank you!")


def test_the_page_of_an_order_shows_its_payment_where_websockets_are_blocked(
    page: Page, shop: Shop
) -> None:
    page.add_init_script(
        "WebSocket = class { constructor() { setTimeout(() => this.onclose({})); } close() {} }"
    )
    outcome = page.locator("#outcome")
    page.goto(f"http://{shop.address}/orders/blocked")
    expect(outcome).to_have_attribute("data-state", "polling", timeout=TIMEOUT * 1000)
    _publish(shop, "blocked", "paid")
    expect(outcome).to_have_text("Paid. Thank you!")


def test_a_shop_that_publishes_over_https_notifies_its_page(page: Page, shop: Shop) -> None:
    settings = f"from shop.settings import *\n\n{BACKEND['https']}"
    (shop.folder / "shop" / "settings_https.py").write_text(settings)
    over_https = dataclasses.replace(shop, address=f"127.0.0.1:{free_port()}")
    with _serving(over_https, f"{BACKEND['serve'].strip()} --settings shop.settings_https"):
        page.goto(f"http://{over_https.address}/orders/over-https")
        outcome = page.locator("#outcome")
        expect(outcome).to_have_attribute("data-state", "subscribed")
        pay = BACKEND["pay"].replace(PORT_OF_THE_DOCUMENT, over_https.address)
        assert over_https.run(pay.replace("12303", "over-https")) == "saved\n"
        expect(outcome).to_have_text("Paid. Thank you!")


def _publish(shop: Shop, ref: str, message: str, status: str = "done") -> None:
    token = shop.stage.token("backend", "shop")
    with peer(f"{shop.stage.url}?token={token}") as backend:
        receipt = backend.ask(publication("shop", ref, message=message, status=status))
        assert receipt["type"] == "receipt"


def test_a_customer_whose_card_is_declined_and_then_taken_sees_that_it_is_paid(
    page: Page, shop: Shop
) -> None:
    outcome = page.locator("#outcome")
    page.goto(f"http://{shop.address}/orders/two-cards")
    expect(outcome).to_have_attribute("data-state", "subscribed")
    _publish(shop, "two-cards", "card declined", "failed")
    expect(outcome).to_have_text("Not paid: card declined")
    _publish(shop, "two-cards", "paid")
    expect(outcome).to_have_text("Paid. Thank you!")
    page.reload()
    expect(outcome).to_have_attribute("data-state", "closed")
    expect(outcome).to_have_text("Paid. Thank you!")


def test_the_page_runs_under_its_content_security_policy(page: Page, shop: Shop) -> None:
    page.goto(f"http://{shop.address}/orders/0")
    expect(page.locator("#outcome")).to_have_attribute("data-state", "subscribed")
    blocked = """(inline) => new Promise((resolve) => {
      addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      const script = Object.assign(document.createElement('script'), { text: '1' });
      if (inline) document.body.append(script);
      else new WebSocket('ws://127.0.0.1:9/');
    })"""
    assert page.evaluate(blocked, arg=False) == "connect-src"
    assert page.evaluate(blocked, arg=True) == "script-src-elem"


def _on_the_page(page: Page, shop: Shop, snippet: str, *refs: str, **more: Any) -> None:
    """Run a snippet, as a file, where the page has what the document's page has."""
    given = {"url": shop.stage.url, "token": shop.stage.token("frontend", "shop", *refs), **more}
    program = f"""
      import {{ watchRef as connect }} from '/static/ws-notify/index.js';
      const {{ url, token, attempt }} = {json.dumps(given)};
      const show = (what) => {{
        const line = document.createElement('li');
        line.textContent = what.message ?? what;
        document.body.append(line);
      }};
      const fetchToken = async () => token;
      const watchRef = (options, ...more) => connect({{ token, ...options }}, ...more);
      {snippet}
    """
    page.route(
        "**/static/snippet.js",
        lambda route: route.fulfill(body=program, content_type="text/javascript"),
    )
    page.goto(f"http://{shop.address}/orders/0")
    page.evaluate("async () => { await import('/static/snippet.js'); }")


def _shown(page: Page, *expected: str) -> None:
    lines = page.locator("li")
    expect(lines).to_have_count(len(expected))
    assert sorted(lines.all_inner_texts()) == sorted(expected)


def test_a_page_with_several_watches_opens_one_connection(page: Page, shop: Shop) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    _publish(shop, "12304", "before")
    refs = ("12303x", "12304", "report-7")
    _on_the_page(page, shop, FRONTEND["several.js"].replace("12303", "12303x"), *refs)
    _publish(shop, "report-7", "the report")
    _shown(page, "order 12304", "the report")
    assert sum("token=" in url for url in sockets) == 2  # the page's own watch has the other


def test_a_page_that_reloads_is_replayed_only_what_it_missed(page: Page, shop: Shop) -> None:
    snippet = FRONTEND["reload.js"].replace("12303", "again")
    _publish(shop, "again", "before the page")
    _on_the_page(page, shop, snippet, "again")
    _shown(page, "before the page")
    page.clock.install()  # only to see the point in time that is kept
    page.goto("about:blank")
    _on_the_page(page, shop, snippet, "again")
    _publish(shop, "again", "after the reload")
    expect(page.locator("li", has_text="after the reload")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('since')").endswith("Z")


def test_a_page_of_a_second_attempt_shows_its_own_outcome(page: Page, shop: Shop) -> None:
    snippet = FRONTEND["attempt.js"].replace("12303", "second")
    snippet += "watch.addEventListener('state', ({ detail }) => (document.title = detail.state));"
    _publish(shop, "second", "declined", "failed")
    # The replay begins 10 seconds before `since`: as if the failure were that old.
    began = datetime.now(UTC) + timedelta(seconds=11)
    _on_the_page(page, shop, snippet, "second", attempt={"startedAt": began.isoformat()})
    expect(page).to_have_title("subscribed")
    _publish(shop, "second", "taken")
    _shown(page, "taken")


def test_the_shops_own_tests_pass_without_a_stage(shop: Shop) -> None:
    environment = {name: shop.environment[name] for name in ("PATH", "HOME")}
    alone = dataclasses.replace(shop, environment=environment)
    assert "Found 3 test(s)" in alone.run(BACKEND["test"])


@pytest.mark.parametrize("publisher", ["publish.py", "invoke.py", "post.py"])
def test_programs_without_django_publish_and_listen(shop: Shop, publisher: str) -> None:
    backend = shop.python(publisher, shop.stage.token("backend", "shop"))
    published, _ = backend.communicate(timeout=TIMEOUT)
    assert re.fullmatch(r"\d got it\n", published)
    received, _ = shop.python(
        "listen.py", shop.stage.token("frontend", "shop", "12304")
    ).communicate(timeout=TIMEOUT)
    assert received in {"done ready\n", "done before\n"}


def test_every_snippet_is_run() -> None:
    for side in ("backend", "frontend"):
        text = (ROOT / "docs" / f"integrate-{side}.md").read_text()
        marked = len(SNIPPET.findall(text))
        assert text.count("```") // 2 == marked + text.count("```shell\nmake run AUTH=required\n")
