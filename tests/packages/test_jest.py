"""Jest 29 without any configuration, as CommonJS and as ES modules, with and without a document."""

from pathlib import Path

import pytest

from tests.packages.toolbox import Toolbox

TEST = """
test('a watch begins and ends', () => {
  const watch = watchRef({ url: 'wss://example.org', merchantId: 'shop', ref: '1' }, () => {});
  expect(watch.state).toBe('connecting');
  watch.close();
  expect(watch.state).toBe('closed');
});
"""
LOADING = {
    "commonjs": "const { watchRef } = require('ws-notify');",
    "module": "import { watchRef } from 'ws-notify';",
}


@pytest.mark.parametrize("environment", ["node", "jsdom"])
@pytest.mark.parametrize("kind", LOADING)
def test_a_test_of_a_page_loads_the_package(
    toolbox: Toolbox, shop: Path, environment: str, kind: str
) -> None:
    project = shop / f"jest-{kind}-{environment}"
    project.mkdir()
    (project / "package.json").write_text(f'{{"type": "{kind}", "jest": {{}}}}')
    (project / "watch.test.js").write_text(LOADING[kind] + TEST)
    jest = ("node", "--experimental-vm-modules", str(toolbox.folder / "node_modules/.bin/jest"))
    command = jest if kind == "module" else ("jest",)
    toolbox.run(*command, "--ci", f"--env={environment}", project=project)
