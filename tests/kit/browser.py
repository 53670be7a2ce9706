"""Headless Chromium for the tests, driven by Playwright, and a server for its pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.kit.programs import CLIENT
from tools.chromium import chromium

# It connects to nothing by itself, and draws without a graphics card.
_ARGUMENTS = (
    "--no-sandbox",  # not available as root, and not needed for our own pages
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def running(*, without: tuple[str, ...] = ()) -> Iterator[Browser]:
    """Run the browser without some of the options that Playwright gives it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(_ARGUMENTS), ignore_default_args=list(without)
        )
        try:
            yield browser
        finally:
            browser.close()


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder's files: a page without an origin cannot connect to this machine."""
    handler = partial(_Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving_page(folder: Path, page: str) -> Iterator[str]:
    """Serve a page from a folder, beside the JavaScript module in `ws-notify`."""
    copytree(CLIENT / "src", folder / "ws-notify")
    (folder / "index.html").write_text(page)
    with serving(folder) as address:
        yield address
