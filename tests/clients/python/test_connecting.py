"""What no further attempt mends is raised at once, with its remedy; and the proxies."""

import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients.python.kit.aws import Answer, aws
from tests.clients.python.kit.certificate import untrusted
from tests.clients.python.kit.clients import PAYMENT, AnyClient, Connect
from tests.clients.python.kit.frames import receipt
from tests.clients.python.kit.server import TIMEOUT, Visit, scripted
from ws_notify import AsyncClient, Client, ConfigurationError, HandshakeError, LambdaPublisher
from ws_notify.cli.network import target_of
from ws_notify.loopback import is_loopback

REMOTE = "ws://stage.example/dev"


def listen(client: AnyClient) -> None:
    assert client.subscribe("shop", "12303").ready()


def publish(client: AnyClient) -> None:
    client.publish(**PAYMENT)


Use = Callable[[AnyClient], None]
BOTH = pytest.mark.parametrize("use", [listen, publish])


@contextmanager
def proxy(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Answer each connection so; yield the address, and what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:  # closed
                    return
                with connection:
                    connection.settimeout(TIMEOUT)
                    asked.append(connection.recv(4096))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}", asked
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(TIMEOUT)


@BOTH
def test_an_untrusted_certificate_is_raised_at_once(
    connect: Connect, use: Use, tmp_path: Path
) -> None:
    context, _ = untrusted(tmp_path)
    with (
        scripted(Visit.serve, tls=context) as server,
        pytest.raises(ConfigurationError, match=r"is not trusted .*SSL_CERT_FILE"),
    ):
        use(connect(server.url))


@BOTH
def test_the_authority_of_the_environment_is_trusted(
    connect: Connect, use: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = untrusted(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with scripted(Visit.serve, tls=context) as server:
        use(connect(server.url))


@BOTH
def test_a_socks_proxy_without_its_package_is_raised_at_once(
    connect: Connect, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "socks5h://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match=r"pip install 'python-socks\[asyncio\]'"):
        use(connect(REMOTE))


@BOTH
@pytest.mark.parametrize("status", [403, 404])
def test_a_wrong_path_is_raised_at_once(connect: Connect, use: Use, status: int) -> None:
    with scripted(status) as server:
        with pytest.raises(HandshakeError, match=f"HTTP {status}. .*URL"):
            use(connect(server.url))
        assert server.handshakes == 1


@BOTH
def test_a_proxy_that_wants_a_password_is_raised_at_once(connect: Connect, use: Use) -> None:
    with (
        proxy(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n") as (address, asked),
        pytest.raises(ConfigurationError, match="refused with HTTP 407") as raised,
    ):
        use(connect(REMOTE, proxy=f"http://me:canary@{address}"))
    assert asked[0].startswith(b"CONNECT stage.example:80 ")
    assert "canary" not in str(raised.value)


@BOTH
@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:canary@proxy.example",
        "http://me:canary",
        "http://me:canary@proxy:99999",
        "http://me:canary@[::1",
    ],
)
def test_an_invalid_proxy_of_the_environment_is_raised_without_its_password(
    connect: Connect, use: Use, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(ConfigurationError, match="the proxy's URL is invalid") as raised:
        use(connect(REMOTE))
    assert "canary" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    "url",
    [
        "proxy.example:3128",
        "ftp://proxy.example",
        "http://",
        "",
        "http://me:canary",
        "http://me:canary@proxy:99999",
        "http://me:canary@[::1",
    ],
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_invalid_proxy_is_rejected_at_once(
    kind: type[Client] | type[AsyncClient], url: str
) -> None:
    with pytest.raises(ValueError, match="Not the URL of a proxy") as raised:
        kind(REMOTE, proxy=url)
    assert "canary" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("proxy", [False, 0, b"http://proxy.example"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_proxy_of_another_type_is_rejected_at_once(
    kind: type[Client] | type[AsyncClient], proxy: Any
) -> None:
    with pytest.raises(TypeError, match="proxy must be a URL, True or None"):
        kind(REMOTE, proxy=proxy)


@BOTH
@pytest.mark.parametrize("location", [b"/login", b""])
def test_a_redirection_in_a_circle_is_raised_at_once(
    connect: Connect, use: Use, location: bytes
) -> None:
    answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % location
    with (
        proxy(answer) as (address, _),
        pytest.raises(ConfigurationError, match="in a circle"),
    ):
        use(connect(f"ws://{address}/dev"))


@BOTH
def test_a_loopback_address_goes_through_no_proxy_of_the_environment(
    connect: Connect, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with scripted(Visit.serve) as server:
        use(connect(server.url))
        assert not target_of(server.url).proxied


def test_a_proxy_that_is_given_is_used_for_a_loopback_address_too(connect: Connect) -> None:
    answer = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
    with scripted(Visit.serve) as server, proxy(answer) as (address, asked):
        with pytest.raises(ConfigurationError, match="refused with HTTP 403"):
            publish(connect(server.url, proxy=f"http://{address}"))
        assert len(asked) == 1


def test_a_function_on_loopback_is_invoked_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws(monkeypatch, Answer(receipt("n-1"))):
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert LambdaPublisher("publish-dev").publish(**PAYMENT, id="n-1").id == "n-1"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("api.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("notlocalhost", False),
        ("0.0.0.0", False),  # noqa: S104 - not bound
        ("", False),
        (None, False),
    ],
)
def test_a_loopback_address_is_known(host: str | None, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback
