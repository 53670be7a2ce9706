"""The console: a static page, and the JavaScript client that it is made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import IO, Any
from urllib.parse import urlencode

from tools.network import LOOPBACK

_CLIENTS = Path(__file__).parent.parent / "clients"
_SERVED = (_CLIENTS / "console", _CLIENTS / "js" / "src")


@contextmanager
def console(port: int = 0, host: str = LOOPBACK) -> Iterator[str]:
    """Serve it while the block runs, at this port or a free one if that is taken; yield its URL.

    `host` is where it listens; the URL is on loopback anyway.
    """
    with _server(port, host) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}/console/"
        finally:
            server.shutdown()
            thread.join()


def link(page: str, url: str, merchant_id: str, ref: str, http_url: str = "") -> str:
    """Return the page's address with its first form filled in. Tokens do not belong there."""
    fields = {"url": url, "http": http_url, "merchant": merchant_id, "refs": ref}
    return f"{page}#{urlencode(fields)}"


def _server(port: int, host: str) -> ThreadingHTTPServer:
    handler = partial(_Handler, directory=str(_CLIENTS))
    try:
        return ThreadingHTTPServer((host, port), handler)
    except OSError:
        return ThreadingHTTPServer((host, 0), handler)


class _Handler(SimpleHTTPRequestHandler):
    """The files of the page, always as they are now."""

    # Some systems say otherwise, and a browser runs no module of another type.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript"}

    def send_head(self) -> Any:
        file = Path(self.translate_path(self.path))
        if not any(file.is_relative_to(folder) for folder in _SERVED):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def list_directory(self, _path: Any) -> IO[bytes] | None:  # type: ignore[override]
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def log_message(self, *_: Any) -> None:
        """Say nothing: `make run` has the terminal."""
