"""Where globals of a browser are missing, as in React Native: the README says what then holds."""

from pathlib import Path

import pytest

from tests.kit.programs import CLIENT
from tests.packages.toolbox import Toolbox

MISSING = {
    "globalThis.EventTarget": "React Native is not supported",
    "globalThis.CustomEvent": "React Native is not supported",
    "URLSearchParams.prototype.set": "watched",  # needed for a token alone
}
PROGRAM = """
delete %s;
const { watchRef } = require('ws-notify');
try {
  watchRef({ url: 'wss://example.org', merchantId: 'shop', ref: '1' }, () => {}).close();
  console.log('watched');
} catch (error) {
  console.log(error.message);
}
"""


@pytest.mark.parametrize("missing", MISSING)
def test_an_import_does_not_fail_and_a_watch_says_what_it_needs(
    toolbox: Toolbox, shop: Path, missing: str
) -> None:
    printed = toolbox.run("node", "-e", PROGRAM % missing, project=shop)
    assert MISSING[missing] in printed


def test_the_readme_says_that_it_does_not_run_in_react_native() -> None:
    assert "does not run in React Native" in (CLIENT / "README.md").read_text()
