"""The JavaScript client under Node's own WebSocket, on the deployed stage."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.node import Program, node
from tests.e2e.peer import Frame, peer, publication, unique
from tools.deploy import LocalStage

CLIENT = Path(__file__).parents[2] / "clients/js/src/index.js"

# Prints a JSON line for each notification and each event. `watches` are options of `watchRef`.
PAGE = """
import(%(client)s).then(({ watchRef }) => {
  const say = (line) => console.log(JSON.stringify(line));
  for (const [name, options] of Object.entries(%(watches)s)) {
    const until = (notification) => notification.type === 'last';
    const watch = watchRef({ until, ...options }, ({ message }) => say({ name, message }));
    watch.addEventListener('state', ({ detail }) => say({ name, ...detail }));
    watch.addEventListener('error', ({ detail }) => say({ name, ...detail }));
  }
});
"""


def page(**watches: Frame) -> str:
    return PAGE % {"client": json.dumps(CLIENT.as_uri()), "watches": json.dumps(watches)}


def read(program: Program, **expected: Any) -> list[Frame]:
    """Return the lines up to one that says what is expected."""
    lines = []
    for text in program.lines:
        lines.append(json.loads(text))
        if expected.items() <= lines[-1].items():
            return lines
    raise AssertionError(f"no line says {expected}: {lines}")


def publish(url: str, merchant: str, ref: str | int, message: str, **more: Any) -> None:
    with peer(url) as backend:
        receipt = backend.ask(publication(merchant, ref, message=message, **more))
    assert receipt["type"] == "receipt"


def test_a_page_hears_what_was_said_before_and_after_it_came(stage: LocalStage) -> None:
    merchant = unique("shop")
    publish(stage.url, merchant, 7, "before")
    with node(page(one={"url": stage.url, "merchantId": merchant, "ref": 7})) as program:
        lines = read(program, state="subscribed")
        assert [line["message"] for line in lines if "message" in line] == ["before"]
        publish(stage.url, merchant, "7", "after", type="last")
        read(program, message="after")
        assert read(program, state="closed") == [{"name": "one", "state": "closed"}]
        assert program.process.wait() == 0
