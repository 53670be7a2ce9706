"""The package from `npm pack`, used by Node, a bundler, a compiler and a browser."""

import json
import tarfile
from pathlib import Path

import pytest

from tests.clients.js.programs import CLIENT, run
from tests.kit.browser import running, serving

PROGRAM = "import { watchRef } from 'ws-notify'; console.log(typeof watchRef);"

# A page of one file beside the package, without a bundler.
PAGE = """
<!doctype html>
<script type="module">
  import { watchRef } from './node_modules/ws-notify/src/index.js';

  const options = { url: `ws://${location.host}/`, merchantId: 'shop', ref: '12303' };
  const watch = watchRef(options, () => {});
  watch.addEventListener('state', ({ detail }) => {
    document.title = detail.state;
    watch.close();
  });
</script>
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package as `npm pack` made it under `node_modules`."""
    folder = tmp_path_factory.mktemp("shop")
    cache = f"--cache={folder / 'cache'}"
    output = run("npm", "pack", "--offline", "--json", cache, f"--pack-destination={folder}")
    with tarfile.open(folder / json.loads(output)[0]["filename"]) as packed:
        packed.extractall(folder, filter="data")
    (folder / "node_modules").mkdir()
    (folder / "package").rename(folder / "node_modules/ws-notify")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_package_has_the_module_its_types_and_nothing_else(shop: Path) -> None:
    sources = {f"src/{path.name}" for path in (CLIENT / "src").iterdir()}
    assert _files(shop / "node_modules/ws-notify") == sources | {
        "LICENSE",
        "README.md",
        "package.json",
    }


def test_the_package_has_no_dependencies_and_no_scripts(shop: Path) -> None:
    package = json.loads((shop / "node_modules/ws-notify/package.json").read_text())
    assert package.keys().isdisjoint({"dependencies", "peerDependencies", "scripts"})


@pytest.mark.parametrize("name", ["ws-notify", "./node_modules/ws-notify/src/index.js"])
def test_node_imports_the_package_by_name_and_by_path(shop: Path, name: str) -> None:
    program = PROGRAM.replace("ws-notify", name)
    assert run("node", "--input-type=module", "-e", program, cwd=shop) == "function\n"


def test_a_bundle_of_the_package_runs_without_it(shop: Path) -> None:
    (shop / "page.js").write_text(PROGRAM)
    run("esbuild", "page.js", "--bundle", "--outfile=bundled.cjs", "--log-level=warning", cwd=shop)
    alone = shop / "alone"
    alone.mkdir()
    (shop / "bundled.cjs").rename(alone / "bundled.cjs")
    assert run("node", "bundled.cjs", cwd=alone) == "function\n"


@pytest.mark.parametrize("resolution", ["bundler", "nodenext"])
def test_a_compiler_finds_the_types_of_the_package(shop: Path, resolution: str) -> None:
    (shop / "page.ts").write_text((CLIENT / "test/types.ts").read_text())
    module = "esnext" if resolution == "bundler" else resolution
    options = ("--strict", "--noEmit", "--target", "es2022", "--lib", "es2023,dom")
    resolve = ("--module", module, "--moduleResolution", resolution, "--ignoreConfig")
    run("tsc", *options, *resolve, "page.ts", cwd=shop)


def test_a_page_without_a_bundler_imports_the_package(shop: Path) -> None:
    (shop / "index.html").write_text(PAGE)
    with serving(shop) as address, running() as browser:
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_function("document.title === 'closed'")
        assert errors == []
