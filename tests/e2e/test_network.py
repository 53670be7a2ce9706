"""At which addresses of this machine a stage is reached, and that no proxy is asked for it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from websockets.sync.client import connect

from tests.kit.peer import TIMEOUT, Peer, peer, publication, unique
from tools.console import console, link
from tools.deploy import LocalStage, local_stage
from tools.network import EVERYWHERE, addresses, at

ROOT = Path(__file__).parents[2]
DEAD_PROXY = {
    name: "http://127.0.0.1:9"
    for scheme in ("http", "https", "all")
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())
}
PROGRAM = """
import json, os, sys
import boto3
from lambdas.layer import Handler, Sender, Storage

receipt = boto3.client("lambda").invoke(FunctionName=sys.argv[1], Payload=sys.argv[2])
print(json.load(receipt["Payload"])["accepted"])
del os.environ["NO_PROXY"], os.environ["no_proxy"]
storage = Storage.from_env()
print(Handler(storage, Sender.from_env(storage)).handle(None, sys.argv[2])["accepted"])
"""


@pytest.fixture(scope="module")
def open_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStage]:
    with local_stage(tmp_path_factory.mktemp("open"), host=EVERYWHERE) as running:
        yield running


def test_at_every_address_of_this_machine_a_page_subscribes_and_hears(
    open_stage: LocalStage,
) -> None:
    merchant = unique("shop")
    assert addresses() != []
    for address in addresses():
        with peer(at(address, open_stage.url)) as phone, peer(open_stage.url) as backend:
            phone.subscribe(merchant, address)
            assert backend.ask(publication(merchant, address))["accepted"] == 1
            assert phone.receive()["ref"] == address


def test_the_console_at_such_an_address_publishes_and_hears(
    open_stage: LocalStage, page: Page
) -> None:
    (address, *_) = addresses()
    with console(host=EVERYWHERE) as url:
        page.goto(link(at(address, url), at(address, open_stage.url), unique("shop"), "42"))
        assert page.evaluate("isSecureContext") is False
        page.get_by_role("button", name="Watch").click()
        expect(page.locator("#state")).to_have_text("subscribed")
        page.get_by_role("button", name="Publish").click()
        expect(page.locator("#receipt")).to_contain_text("1 got it")
        expect(page.locator("#timeline li")).to_have_count(1)


def test_by_default_a_stage_is_reached_at_loopback_alone(stage: LocalStage) -> None:
    assert addresses() != []
    for address in addresses():
        with pytest.raises(ConnectionRefusedError), connect(at(address, stage.url), proxy=None):
            pass


def test_a_stage_starts_and_is_used_in_process_where_the_environment_names_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in DEAD_PROXY.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    merchant = unique("shop")
    notification = json.dumps(publication(merchant, "1"))
    with local_stage(tmp_path) as stage:
        environment = {"PATH": os.environ["PATH"], **DEAD_PROXY, **stage.environment}
        with connect(stage.url, proxy=None) as socket:
            page = Peer(socket)
            page.subscribe(merchant, "1")
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, stage.outputs["PublishFunctionName"], notification],
                cwd=ROOT,
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                timeout=TIMEOUT,
            )
            assert done.stdout == "1\n1\n"
            assert [page.receive()["ref"] for _ in range(2)] == ["1", "1"]
