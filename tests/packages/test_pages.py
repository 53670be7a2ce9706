"""Pages in Chromium that got the package by a plain script, a bundler or `collectstatic`."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from playwright.sync_api import Browser

from tests.kit.browser import running, serving
from tests.kit.programs import run
from tests.packages.toolbox import FRONTEND, ROOT, Toolbox

PAGE = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="%s"></script>'
SCRIPT = """
import { watchRef } from '%s';

const options = { url: `ws://${location.host}/`, merchantId: 'shop', ref: '12303' };
const watch = watchRef(options, () => {});
watch.addEventListener('state', ({ detail }) => {
  document.title = detail.state;
  watch.close();
});
"""
SETTINGS = """
SECRET_KEY = "of a test"
INSTALLED_APPS = ["django.contrib.staticfiles"]
STATIC_URL, STATIC_ROOT, STATICFILES_DIRS = "/static/", "site/static", ["static"]
STORAGES = {"staticfiles": {"BACKEND": "settings.Storage"}}

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

class Storage(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = %s
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running() as browser:
        yield browser


@pytest.fixture
def page(shop: Path, request: pytest.FixtureRequest) -> Path:
    """Return a page of its own beside the installed package, not bundled yet."""
    page: Path = shop / request.node.name.replace("/", "-")
    page.mkdir()
    (page / "page.js").write_text(SCRIPT % "ws-notify")
    (page / "index.html").write_text(PAGE % "./page.js")
    return page


def _assert_runs(browser: Browser, folder: Path) -> None:
    with serving(folder) as address, browser.new_context() as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_function("document.title === 'closed'")
        assert errors == []


def _static(toolbox: Toolbox, page: Path) -> None:
    """Put all static files of the document where it says, and a script that imports the module."""
    toolbox.follow(FRONTEND["module"], page.parent)
    (page.parent / "static").rename(page / "static")
    for name, text in FRONTEND.items():
        if name.startswith("static/"):
            (page / name).write_text(text)
    (page / "static/page.js").write_text(SCRIPT % "/static/ws-notify/index.js")


def _collect(page: Path, aggregation: str) -> None:
    """Run `collectstatic`, which fails where a reference cannot be resolved."""
    (page / "settings.py").write_text(SETTINGS % aggregation)
    django = (sys.executable, "-m", "django", "collectstatic", "--noinput")
    paths = {"PYTHONPATH": str(page), "DJANGO_SETTINGS_MODULE": "settings"}
    run(*django, cwd=page, env={**os.environ, **paths})


def test_a_plain_script_imports_the_one_file(
    browser: Browser, toolbox: Toolbox, page: Path
) -> None:
    _static(toolbox, page)
    (page / "index.html").write_text(PAGE % "/static/page.js")
    _assert_runs(browser, page)


BUNDLERS = {
    "vite": ("vite", "build", "--base", "./", "--logLevel", "warn"),
    "esbuild": ("esbuild", "page.js", "--bundle", "--outfile=dist/page.js", "--log-level=warning"),
}


@pytest.mark.parametrize("bundler", BUNDLERS)
def test_a_bundle_runs_without_the_package(
    browser: Browser, toolbox: Toolbox, page: Path, tmp_path: Path, bundler: str
) -> None:
    toolbox.run(*BUNDLERS[bundler], project=page)
    copytree(page / "dist", tmp_path / "alone")
    if bundler == "esbuild":
        (tmp_path / "alone/index.html").write_text(PAGE % "./page.js")
    _assert_runs(browser, tmp_path / "alone")


@pytest.mark.parametrize("aggregation", ["True", "False"])
def test_django_collects_the_static_files_with_hashed_names_and_the_page_runs(
    browser: Browser, toolbox: Toolbox, page: Path, aggregation: str
) -> None:
    _static(toolbox, page)
    _collect(page, aggregation)
    names = json.loads((page / "site/static/staticfiles.json").read_text())["paths"]
    script = (page / "site/static" / names["page.js"]).read_text()
    assert (names["ws-notify/index.js"] in script) == (aggregation == "True")
    (page / "site/index.html").write_text(PAGE % f"/static/{names['page.js']}")
    _assert_runs(browser, page / "site")


def test_djangos_aggregation_takes_the_modules_sources_as_well(page: Path) -> None:
    copytree(ROOT / "clients/js/src", page / "static")
    _collect(page, "True")
