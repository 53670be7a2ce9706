"""The snippets of the legacy readme, run as they are against the deployed stage."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.node import node
from tests.kit.peer import PATIENCE, peer, publication
from tools.deploy import LocalStage

LEGACY = Path(__file__).parent / "legacy"


def test_the_legacy_python_publisher_reaches_a_browser(stage: LocalStage) -> None:
    program = (LEGACY / "publish.py").read_text().replace('"ws_notify_url"', repr(stage.url))
    with peer(stage.url) as browser:
        browser.subscribe("merchant_id", "12303", since="2999-01-01T00:00:00Z")
        subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)
        notification = browser.receive()
    assert notification["message"] == "The report has been completed"


@pytest.mark.usefixtures("unsaid")
def test_the_legacy_javascript_listener_hears_and_closes(stage: LocalStage) -> None:
    address = "wss://10h4atbflh.execute-api.eu-west-1.amazonaws.com/dev/"
    program = (LEGACY / "listen.js").read_text().replace(address, f"{stage.url}/")
    with node(program) as page:
        assert any('"type": "subscribed"' in line for line in page.lines)
        with peer(stage.url) as backend:
            backend.ask(publication("merchant_id", "12303", type="threeds_update"))
        assert any('"type":"threeds_update"' in line for line in page.lines)
        assert page.process.wait() == 0  # it closed its socket, and had nothing left to do
