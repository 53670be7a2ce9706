"""The documents say what the code says."""

import json
import re
from functools import partial
from pathlib import Path

import pytest

from infra.alarms import RUNBOOK
from ws_notify import mint_token

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_protocol_publishes_the_rules_that_the_code_validates_with() -> None:
    schema = json.loads((ROOT / "lambdas/layer/protocol/schema.json").read_text())["definitions"]
    fields = {
        name
        for kind in ("subscribe", "publish", "unsubscribe")
        for name in schema[kind]["properties"]
    }
    table = (ROOT / "docs/protocol.md").read_text().split("| field | rule |")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE))
    assert rows == {name: schema[name]["description"] for name in fields}


def test_the_runbook_has_each_alarm_with_its_line() -> None:
    text = (ROOT / "docs/runbook.md").read_text().split("## Alarms")[1]
    assert dict(re.findall(r"^### (\w+)\n(.+)$", text, re.MULTILINE)) == RUNBOOK


def test_the_refs_that_the_protocol_gives_a_frontends_token_fit_and_a_tenth_more_do_not() -> None:
    numbers = (
        r"([\d,]+) characters of ASCII, (\d+) of other scripts, or (\d+) emoji\. A `backend`'s"
    )
    (found,) = re.findall(numbers, (ROOT / "docs/protocol.md").read_text())
    mint = partial(mint_token, "k" * 64, "k" * 36, client="frontend", merchant_id="m" * 128)
    for character, number in zip("xم💳", found, strict=True):
        each = int(number.replace(",", "")) // 20
        assert mint(ref=[character * each] * 20)
        with pytest.raises(ValueError, match="fewer or shorter refs"):
            mint(ref=[character * (each + each // 10)] * 20)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_links_to_is_there(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_make_targets_that_a_document_names_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = re.findall(r"(?:`|^)make (?:-s )?([a-z]+)", document.read_text(), re.MULTILINE)
    assert set(named) - targets == set()
