"""The calls of the legacy readme's "For Backend Use", from a Python process at the root."""

import os
import subprocess
import sys
from pathlib import Path

from tests.kit.peer import PATIENCE, peer, unique
from tools.deploy import LocalStage

ROOT = Path(__file__).parents[2]

PROGRAM = """
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


def test_a_backend_uses_the_handler_layer_in_its_own_process(stage: LocalStage) -> None:
    merchant = unique("shop")
    environment = {"PATH": os.environ["PATH"], **stage.environment}
    with peer(stage.url) as browser:
        browser.subscribe(merchant, "12303")
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, merchant],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        first, second = (line for line in ran.stdout.splitlines() if '"receipt"' in line)
        assert browser.receive()["message"] == "ready"
        assert browser.nothing_waits()
    # "3" is a connection that never was; deleting forgets it and the browser, too.
    assert '"accepted": 1, "gone": 1' in first
    assert '"accepted": 0, "gone": 0' in second
    assert ran.stderr == ""
