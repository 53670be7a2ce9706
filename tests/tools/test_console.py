"""What the server of the console hands out, and what it keeps to itself."""

import http.client
import socket
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import pytest

from tools.console import console, link


def _get(page: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(page).netloc, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Content-Type", "")
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/console/", "text/html"),
        ("/console/console.js", "text/javascript"),
        ("/console/console.css", "text/css"),
        ("/js/src/index.js", "text/javascript"),
    ],
)
def test_the_page_and_the_module_are_served(path: str, kind: str) -> None:
    with console() as page:
        assert _get(page, path) == (HTTPStatus.OK, kind)


@pytest.mark.parametrize(
    "path",
    ["/", "/js/", "/js/src/", "/js/package.json", "/python/pyproject.toml", "/console/../js/src/",
     "/console/%2e%2e/js/package.json", "/console/..%2fjs/package.json", "/console/none.js"],
)  # fmt: skip
def test_nothing_else_is(path: str) -> None:
    with console() as page:
        assert _get(page, path)[0] == HTTPStatus.NOT_FOUND


def test_a_taken_port_is_no_reason_not_to_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with console(port) as page:
            assert urlsplit(page).port != port
            assert _get(page, "/console/")[0] == HTTPStatus.OK


def test_a_link_fills_in_the_form() -> None:
    stage = ("ws://localhost:2/a?b=c&d", "my shop", "4&2", "http://localhost:2/a")
    url = link("http://127.0.0.1:1/console/", *stage)
    assert parse_qs(urlsplit(url).fragment) == {
        "url": ["ws://localhost:2/a?b=c&d"],
        "http": ["http://localhost:2/a"],
        "merchant": ["my shop"],
        "refs": ["4&2"],
    }
