"""Without globals that React Native lacks: the README says that it does not run there."""

from pathlib import Path

import pytest

from tests.kit.programs import CLIENT
from tests.packages.toolbox import Toolbox

MISSING = {
    "EventTarget": "globalThis.EventTarget",
    "CustomEvent": "globalThis.CustomEvent",
    "URLSearchParams.set": "URLSearchParams.prototype.set",
}
README = (CLIENT / "README.md").read_text()
PROGRAM = """
delete %s;
process.on('uncaughtException', ({ message }) => {
  console.log(message);
  process.exit();
});
const { watchRef } = require('ws-notify');
const options = { url: 'ws://127.0.0.1:1', merchantId: 'shop', ref: '1', token: 'a.b.c' };
const watch = watchRef(options, () => {});
watch.addEventListener('error', ({ detail }) => {
  console.log(detail.message);
  watch.close();
});
"""


@pytest.mark.parametrize("missing", MISSING)
def test_what_the_readme_names_as_missing_in_react_native_is_missed_with_its_name(
    toolbox: Toolbox, shop: Path, missing: str
) -> None:
    (line,) = [line for line in README.split("\n\n") if "not run in React Native" in line]
    assert f"`{missing}`" in line
    printed = toolbox.run("node", "-e", PROGRAM % MISSING[missing], project=shop)
    assert MISSING[missing].rpartition(".")[2] in printed
