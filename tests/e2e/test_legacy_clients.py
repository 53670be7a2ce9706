"""What the legacy readme shows backends, against the deployed stage; its page is in test_pages."""

import os
import subprocess
import sys
from pathlib import Path

from tests.kit.peer import TIMEOUT, peer, unique
from tools.deploy import LocalStage

ROOT = Path(__file__).parents[2]
PUBLISHER = ROOT / "tests/e2e/legacy/publish.py"

IN_PROCESS = """
import json, sys
from lambdas.layer import Handler, Sender, Storage

merchant = sys.argv[1]
storage = Storage.from_env()
sender = Sender.from_env(storage)
handler = Handler(storage, sender)
message = json.dumps({"merchant_id": merchant, "client": "backend", "project": "repo-name",
                      "type": "report.Task", "ref": "12303", "status": "done", "message": "ready"})

storage.create_connection("3", message)
print(json.dumps(handler.handle("1", message)))
storage.create_connection("3", message)
storage.delete_connection(json.dumps({"merchant_id": merchant, "ref": "12303"}))
print(json.dumps(handler.handle("1", message)))
"""


def test_the_legacy_publisher_over_a_websocket_reaches_a_subscriber(stage: LocalStage) -> None:
    program = PUBLISHER.read_text().replace('"ws_notify_url"', repr(stage.url))
    with peer(stage.url) as browser:
        browser.subscribe("merchant_id", "12303", since="2999-01-01T00:00:00Z")
        subprocess.run([sys.executable, "-c", program], check=True, timeout=TIMEOUT)
        assert browser.receive()["message"] == "The report has been completed"


def test_a_backend_uses_the_legacy_methods_of_the_layer_in_process(stage: LocalStage) -> None:
    merchant = unique("shop")
    with peer(stage.url) as browser:
        browser.subscribe(merchant, "12303")
        ran = subprocess.run(
            [sys.executable, "-c", IN_PROCESS, merchant],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **stage.environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        first, second = (line for line in ran.stdout.splitlines() if '"receipt"' in line)
        assert browser.receive()["message"] == "ready"
        assert browser.drain() == []
    # "3" never connected; `delete_connection` deletes every subscription to the topic.
    assert '"accepted": 1, "gone": 1' in first
    assert '"accepted": 0, "gone": 0' in second
    assert ran.stderr == ""
