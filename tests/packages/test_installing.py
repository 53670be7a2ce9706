"""What the file holds, and npm and Yarn 1 installing it on Node 20."""

import json
import re
from pathlib import Path
from shutil import copy2

import pytest

from tests.kit.programs import CLIENT
from tests.packages.toolbox import FRONTEND, Toolbox

README = (CLIENT / "README.md").read_text()
BY_YARN = re.findall(r"`(yarn add .+?)`", README)
INSTALLING = {
    "npm": FRONTEND["bundler"],
    "yarn": FRONTEND["bundler"].replace("npm install ./ws-notify.tgz", *BY_YARN),
}
AGAIN = {
    "npm": ("npm", "ci", "--offline"),
    "yarn": ("yarn", "install", "--frozen-lockfile", "--offline"),
}
LOCKS = {"npm": "package-lock.json", "yarn": "yarn.lock"}
RUNNING = {
    "import": "import { watchRef } from 'ws-notify'; console.log(typeof watchRef);",
    "require": "console.log(typeof require('ws-notify').watchRef);",
    "main": "import { watchRef } from './node_modules/ws-notify/dist/index.cjs';"
    "console.log(typeof watchRef);",
    "import polling": "import { polling } from 'ws-notify/polling'; console.log(typeof polling);",
    "require polling": "console.log(typeof require('ws-notify/polling').polling);",
    "without exports": "console.log(typeof require('./node_modules/ws-notify/polling').polling);",
}


def _run(toolbox: Toolbox, project: Path, program: str) -> str:
    kind = "commonjs" if "require(" in program else "module"
    return toolbox.run("node", f"--input-type={kind}", "-e", program, project=project)


@pytest.fixture(scope="module", params=INSTALLING)
def manager(request: pytest.FixtureRequest, toolbox: Toolbox) -> str:
    """Return the name of a package manager, which installed the file in a project of that name."""
    name: str = request.param
    project = toolbox.project(name)
    assert toolbox.run("node", "--version", project=project).startswith("v20.")
    toolbox.follow(INSTALLING[name], project)
    return name


def test_the_package_has_both_modules_their_types_and_nothing_else(shop: Path) -> None:
    package = shop / "node_modules/ws-notify"
    files = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    suffixes = ("js", "cjs", "d.ts", "d.cts")
    modules = {f"dist/{name}.{each}" for name in ("index", "polling") for each in suffixes}
    assert files == modules | {"LICENSE", "README.md", "package.json", "polling/package.json"}


def test_the_package_asks_for_no_other_for_no_engine_and_runs_nothing_when_installed(
    shop: Path,
) -> None:
    package = json.loads((shop / "node_modules/ws-notify/package.json").read_text())
    assert package.keys().isdisjoint({"dependencies", "peerDependencies", "engines"})
    hooks = {"preinstall", "install", "postinstall", "prepare"}
    assert package["scripts"].keys().isdisjoint(hooks)


def test_the_readme_installs_as_the_document_does() -> None:
    assert FRONTEND["bundler"] in README


@pytest.mark.parametrize("program", RUNNING.values(), ids=RUNNING)
def test_what_was_installed_is_no_link_and_runs(
    toolbox: Toolbox, manager: str, program: str
) -> None:
    project = toolbox.folder / manager
    assert not (project / "node_modules/ws-notify").is_symlink()
    assert _run(toolbox, project, program) == "function\n"


def test_a_build_elsewhere_installs_the_file_that_was_committed(
    toolbox: Toolbox, manager: str, tmp_path: Path
) -> None:
    for name in ("package.json", LOCKS[manager], "ws-notify.tgz"):
        copy2(toolbox.folder / manager / name, tmp_path)
    toolbox.run(*AGAIN[manager], project=tmp_path)
    assert _run(toolbox, tmp_path, RUNNING["import"]) == "function\n"
