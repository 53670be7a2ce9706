"""The console in a real browser on the deployed stage; screenshots go to .build/pictures."""

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.kit.peer import TIMEOUT, peer, publication, unique
from tests.kit.relay import relay
from tools.console import link
from tools.deploy import LocalStage

PICTURES = Path(__file__).parents[2] / ".build" / "pictures"
A_MINUTE = 60 * 1000
TWO_HOURS = 120 * A_MINUTE


@pytest.fixture
def merchant() -> str:
    return unique("shop")


def watch(page: Page, address: str, stage: LocalStage, merchant: str, ref: str = "42") -> None:
    page.goto(link(address, stage.url, merchant, ref))
    page.get_by_role("button", name="Watch").click()
    expect(page.locator("#state")).to_have_text("subscribed")


def publish(stage: LocalStage, merchant: str, message: str, **more: Any) -> None:
    with peer(stage.url) as backend:
        assert backend.ask(publication(merchant, "42", message=message, **more))["accepted"] >= 0


def messages(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in page.locator("#timeline .message").all_inner_texts()]


def shows(page: Page, *expected: str) -> None:
    """Wait until the timeline has these messages, newest first, and no other."""
    expect(page.locator("#timeline li")).to_have_count(len(expected))
    assert messages(page) == list(expected)


def test_a_publish_from_the_form_shows_its_notification_receipt_and_frames(
    page: Page, address: str, stage: LocalStage, merchant: str
) -> None:
    watch(page, address, stage, merchant)
    page.locator("#publish").get_by_label("Message").fill("paid in full")
    page.get_by_role("button", name="Publish").click()
    shows(page, "paid in full")
    expect(page.locator("#receipt")).to_contain_text("1 got it")
    expect(page.locator("#timeline .latency")).to_contain_text(" ms")
    expect(page.locator("#summary")).to_contain_text("1 heard")
    expect(page.locator("#chart rect")).to_have_count(1)
    page.get_by_text("Raw frames").click()
    frames = page.locator("#frames")
    for kind in ("→", "←", '"type": ?"subscribed"', '"type": ?"receipt"', '"client": ?"backend"'):
        expect(frames).to_contain_text(re.compile(kind))


def test_a_publish_to_a_ref_in_two_tabs_is_shown_in_both(
    browser: Browser, address: str, stage: LocalStage, merchant: str
) -> None:
    with browser.new_context() as context:
        tabs = [context.new_page(), context.new_page()]
        for tab in tabs:
            watch(tab, address, stage, merchant)
        publish(stage, merchant, "to both")
        for tab in tabs:
            shows(tab, "to both")


def test_notifications_from_before_the_subscribe_and_during_a_reload_are_shown(
    page: Page, address: str, stage: LocalStage, merchant: str
) -> None:
    publish(stage, merchant, "first")
    watch(page, address, stage, merchant)
    shows(page, "first")
    expect(page.locator("#timeline .latency")).to_have_text("from before")
    page.goto("about:blank")
    publish(stage, merchant, "second")
    watch(page, address, stage, merchant)
    shows(page, "second", "first")


def test_a_page_that_was_offline_shows_what_it_missed_once(
    page: Page, address: str, stage: LocalStage, merchant: str
) -> None:
    watch(page, address, stage, merchant)
    publish(stage, merchant, "before")
    shows(page, "before")
    page.context.set_offline(offline=True)
    publish(stage, merchant, "meanwhile")
    page.context.set_offline(offline=False)
    shows(page, "meanwhile", "before")
    expect(page.locator("#state")).to_have_text("subscribed")
    publish(stage, merchant, "after")
    shows(page, "after", "meanwhile", "before")


def test_a_connection_is_replaced_before_its_two_hours_end(
    page: Page, address: str, stage: LocalStage, merchant: str
) -> None:
    page.clock.install()
    with page.expect_websocket() as first:
        watch(page, address, stage, merchant)
    with first.value.expect_event("close"), page.expect_websocket() as second:
        page.clock.fast_forward(TWO_HOURS - A_MINUTE)
    expect(page.locator("#state")).to_have_text("subscribed")
    publish(stage, merchant, "after the handover")
    shows(page, "after the handover")
    assert not second.value.is_closed()


def test_a_merchant_that_is_not_valid_shows_the_error_of_publish_and_watch(
    page: Page, address: str, stage: LocalStage, merchant: str
) -> None:
    watch(page, address, stage, merchant)
    form = page.locator("#publish")
    form.get_by_label("Merchant").fill("no such#merchant")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#receipt")).to_contain_text("invalid_message (merchant_id)")
    page.get_by_label("Merchant").first.fill("no such#merchant")
    page.get_by_role("button", name="Watch", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("invalid_message (merchant_id)")
    expect(page.locator("#watches li")).to_have_count(1)


def test_an_address_without_a_server_shows_unreachable_after_three_handshakes(
    page: Page, address: str, unused_port: int
) -> None:
    page.goto(link(address, f"ws://127.0.0.1:{unused_port}/local", "shop", "42"))
    page.get_by_role("button", name="Watch").click()
    expect(page.get_by_role("alert")).to_contain_text("unreachable", timeout=TIMEOUT * 1000)
    expect(page.locator("#state")).to_contain_text("cannot connect")


def test_a_page_on_a_network_that_blocks_websockets_asks_over_https(
    page: Page, address: str, stage: LocalStage, merchant: str
) -> None:
    publish(stage, merchant, "heard all the same")
    with relay(stage.url) as network:
        network.mode = "refuse"
        page.goto(link(address, network.through(stage.url), merchant, "42", stage.http_url))
        page.get_by_role("button", name="Watch").click()
        expect(page.locator("#state")).to_contain_text("asking over HTTPS", timeout=TIMEOUT * 1000)
        shows(page, "heard all the same")
        page.screenshot(path=PICTURES / "console-polling.png")
        page.goto("about:blank")


def test_a_watch_is_started_and_stopped_by_keyboard(
    page: Page, address: str, stage: LocalStage, merchant: str
) -> None:
    page.goto(link(address, stage.url, merchant, "42"))
    expect(page.get_by_label("Merchant").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("subscribed")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Stop":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#watches li")).to_have_count(0)
    expect(page.locator("#state")).to_have_text("not connected")


@pytest.mark.parametrize("size", [(1200, 800), (360, 740)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_its_window_and_screenshots_are_taken(
    browser: Browser,
    address: str,
    stage: LocalStage,
    scheme: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    width, height = size
    with browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": height}, device_scale_factor=2
    ) as context:
        page = context.new_page()
        merchant = unique("shop")
        watch(page, address, stage, merchant)
        for number in range(12):
            status = "failed" if number % 5 == 3 else "done"
            publish(stage, merchant, f"payment {number} {status}", status=status)
        expect(page.locator("#timeline li")).to_have_count(12)
        page.get_by_role("button", name="Publish").click()
        expect(page.locator("#receipt")).to_contain_text("1 got it")
        expect(page.locator("#timeline li")).to_have_count(13)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=PICTURES / f"console-{width}-{scheme}.png")
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0
