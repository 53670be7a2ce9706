"""The README's snippets, run as they are against the deployed stage."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.node import node
from tests.kit.peer import TIMEOUT, peer, publication, unique
from tools.deploy import LocalStage

ROOT = Path(__file__).parents[2]
SNIPPET = re.compile(r"<!-- run by tests/e2e/test_readme.py -->\n```(\w+)\n(.*?)```", re.DOTALL)
MODULE, JAVASCRIPT, CLIENT, INVOKE, SOCKET, IN_PROCESS = SNIPPET.findall(
    (ROOT / "README.md").read_text()
)


def run_python(stage: LocalStage, program: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **stage.environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT,
    ).stdout


@pytest.mark.parametrize(
    ("snippet", "output"),
    [(INVOKE, "PublishFunctionName"), (SOCKET, "WebsocketConnectEndpointURL")],
    ids=["by invocation", "over a socket"],
)
def test_a_backend_publishes_by_invocation_or_over_a_socket(
    stage: LocalStage, snippet: tuple[str, str], output: str
) -> None:
    language, text = snippet
    assert language == "python"
    notification = json.dumps(publication(unique("shop"), "r"))
    call = "\nimport sys\nprint(json.dumps(publish(sys.argv[1], json.loads(sys.argv[2]))))"
    receipt = json.loads(run_python(stage, text + call, stage.outputs[output], notification))
    assert receipt["type"] == "receipt"


def test_a_backend_publishes_with_the_client(stage: LocalStage) -> None:
    language, text = CLIENT
    assert language == "python"
    notification = json.dumps(publication(unique("shop"), "r"))
    call = """
import json, sys
notification = json.loads(sys.argv[2])
del notification["client"]
print(publish(sys.argv[1], None, notification).accepted)"""
    assert run_python(stage, text + call, stage.url, notification) == "0\n"


def test_a_backend_publishes_in_process(stage: LocalStage) -> None:
    language, text = IN_PROCESS
    assert language == "python"
    # Another test publishes the document's very id with other content.
    program = text.replace('"shop"', f'"{unique("shop")}"')
    assert "'type': 'receipt'" in run_python(stage, program + "\nprint(receipt)")


def test_a_page_with_the_module_gets_a_notification_and_closes(stage: LocalStage) -> None:
    language, text = MODULE
    assert language == "javascript"
    merchant = unique("shop")
    module = (ROOT / "clients/js/src/index.js").as_uri()
    program = text.replace("./ws-notify/index.js", module).replace("'shop'", f"'{merchant}'")
    page = f"const url = '{stage.url}', fetchToken = () => undefined, show = console.log;\n"
    with node(page + program) as running, peer(stage.url) as backend:
        backend.ask(publication(merchant, "12303", message="it is paid"))
        assert next(running.lines) == "done it is paid\n"
        assert running.process.wait(TIMEOUT) == 0  # `until` closed it


def test_a_page_without_the_module_gets_notifications_before_and_after(stage: LocalStage) -> None:
    language, text = JAVASCRIPT
    assert language == "javascript"
    merchant = unique("shop")
    call = f"listen('{stage.url}', '{merchant}', 'r', (n) => console.log(n.message));"
    with peer(stage.url) as backend:
        backend.ask(publication(merchant, "r", message="before"))
        with node(text + call) as page:
            assert next(page.lines) == "before\n"
            # Once the replay is there the subscription stands: it was written first.
            backend.ask(publication(merchant, "r", message="after"))
            assert next(page.lines) == "after\n"
