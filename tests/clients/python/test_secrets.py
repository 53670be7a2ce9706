"""A token is planted in every option and every failure: no text of this package ever holds it."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients.python.kit.clients import IMPATIENT, KINDS, PAYMENT, Connect
from tests.clients.python.kit.http import publishing
from tests.clients.python.kit.server import Script, Visit, hang, scripted
from tests.clients.python.test_connecting import proxy
from tests.kit.loopback import LoopbackApi
from ws_notify import AsyncClient, Client, HttpPublisher, Timeouts, WsNotifyError
from ws_notify.cli.main import main
from ws_notify.cli.roles import Principal
from ws_notify.endpoint import Endpoint
from ws_notify.http_endpoint import HttpEndpoint

CANARY = "canary.5e1f0b7c.token"
INVALID = [f"{CANARY} x", f"{CANARY}\nx", f"{CANARY}\x00", f"é{CANARY}", f"Bearer {CANARY}",
           f"{CANARY}\ud800", CANARY.encode() + b"\xff"]  # fmt: skip


class Caught(logging.Handler):
    """Keeps what any logger writes, as text with its tracebacks; not the test's own server's.

    Nor what `httpcore` says of an answer that is not HTTP: the text of whoever answered.
    """

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        echoed = record.name.startswith("httpcore") and ".failed exception=" in record.getMessage()
        if not echoed and not record.name.startswith("websockets.server"):
            self.lines.append(logging.Formatter().format(record))


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[str]]:
    """Log everything at DEBUG, whatever a program may switch on; nothing holds the token."""
    caught, root = Caught(), logging.getLogger()
    names = ["ws_notify", "ws_notify.wire", "websockets.client", "asyncio", "httpx", "httpcore"]
    loggers = [root, *map(logging.getLogger, names)]
    before = [each.level for each in loggers]
    root.addHandler(caught)
    for each in loggers:
        each.setLevel(logging.DEBUG)
    yield caught.lines
    root.removeHandler(caught)
    for each, level in zip(loggers, before, strict=True):
        each.setLevel(level)
    assert CANARY not in "\n".join(caught.lines)


def ours(error: BaseException) -> str:
    """Return every text of this package in an error, and all that a traceback would show."""
    texts = []
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, WsNotifyError | ValueError | TypeError):
            texts += [str(link), repr(link), repr(vars(link))]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)


@pytest.mark.parametrize("token", INVALID, ids=range(len(INVALID)))
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_invalid_token_is_refused_at_once_without_its_text(
    kind: type[Client] | type[AsyncClient], token: str | bytes
) -> None:
    with pytest.raises(ValueError, match="The token") as raised:
        kind("ws://127.0.0.1:1/dev", token=token)
    assert CANARY not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("token", [*INVALID, [CANARY], {CANARY: 1}], ids=repr)
def test_an_invalid_token_of_a_function_is_refused_without_its_text(
    connect: Connect, token: Any
) -> None:
    for use in USES:
        with pytest.raises(WsNotifyError) as raised:
            use(connect("ws://127.0.0.1:1/dev", token=lambda: token, timeouts=IMPATIENT))
        assert CANARY not in "".join(traceback.format_exception(raised.value))


def _publish(client: Any) -> None:
    client.publish(**PAYMENT, deadline=0.15)


def _listen(client: Any) -> None:
    subscription = client.subscribe("shop", "12303")
    if subscription.ready(0.15):
        subscription.close()
    else:
        raise WsNotifyError("not ready")


USES: list[Callable[[Any], None]] = [_publish, _listen]


def _failing() -> str:
    raise OSError(f"the vault said {CANARY}")


def _echoing(code: int) -> Script:
    def script(visit: Visit) -> None:
        with suppress(ConnectionClosed):  # its deadline may end the client first
            visit.receive()
        visit.socket.close(code, f"who is {CANARY}?")

    return script


def _garbage(visit: Visit) -> None:
    with suppress(ConnectionClosed):
        visit.receive()
        visit.socket.send(b"\xff" + CANARY.encode(), text=True)
        visit.wait_until_closed()


@pytest.mark.parametrize("token", [CANARY, lambda: CANARY, _failing], ids=["text", "call", "fail"])
@pytest.mark.parametrize(
    "script",
    [Visit.serve, 401, 404, 503, hang, _echoing(1008), _garbage],
    ids=["serve", "401", "404", "503", "hang", "1008", "garbage"],
)  # fmt: skip
def test_no_failure_shows_the_token(connect: Connect, token: Any, script: Script) -> None:
    with scripted(script) as server:
        for use in USES:
            client = connect(f"{server.url}?token={CANARY}", token=token, timeouts=IMPATIENT)
            assert CANARY not in repr(client)
            try:
                use(client)
            except WsNotifyError as error:
                assert CANARY not in ours(error)  # noqa: PT017 - where one is raised
            client.close()


@pytest.mark.parametrize(
    "url",
    ["ws://127.0.0.1:1/dev", "ws://nowhere.invalid/dev", f"ws://127.0.0.1:1/dev?token={CANARY}",
     f"ws://{CANARY}:{CANARY}@127.0.0.1:1/dev"],
)  # fmt: skip
def test_no_failure_to_connect_shows_the_token(connect: Connect, url: str) -> None:
    for use in USES:
        with pytest.raises(WsNotifyError) as raised:
            use(connect(url, token=CANARY, timeouts=IMPATIENT))
        assert CANARY not in ours(raised.value)


@pytest.mark.parametrize("kind", [Client, HttpPublisher])
@pytest.mark.parametrize(
    "url", [f"https://x/dev?token={CANARY}", f"wss://x/dev#{CANARY}", f"https://a:{CANARY}@x/dev"]
)
def test_an_invalid_url_is_shown_without_a_token(
    kind: type[Client] | type[HttpPublisher], url: str
) -> None:
    with pytest.raises(ValueError, match="Not the URL") as raised:
        kind(url)
    assert CANARY not in "".join(traceback.format_exception(raised.value))


def test_no_repr_shows_the_token() -> None:
    endpoint = Endpoint(f"wss://x/dev?token={CANARY}", CANARY, Timeouts(), f"http://a:{CANARY}@x")
    client = Client(endpoint.url, token=CANARY)
    subscription = client.subscribe("shop", "1")
    shown = [endpoint, client, subscription, Principal(CANARY), AsyncClient(endpoint.url)]
    assert CANARY not in repr(shown)
    http = HttpEndpoint("https://x", CANARY, Timeouts(), f"http://a:{CANARY}@x")
    assert CANARY not in repr([http, HttpPublisher(http.url, token=CANARY, proxy=http.proxy)])


@pytest.mark.parametrize("token", [CANARY, lambda: CANARY, _failing, lambda: f"{CANARY} x"])
@pytest.mark.parametrize("answer", [200, 401, 403, 404, 503, "hang", "reset", "garbage"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_failure_over_https_shows_the_token(kind: str, token: Any, answer: Any) -> None:
    # What is not HTTP stands in the texts of `http.client` and `h11`.
    garbage = proxy(f"{CANARY}\r\n\r\n".encode()) if answer == "garbage" else nullcontext(None)
    with publishing(kind) as make, LoopbackApi(otherwise=answer) as api, garbage as lying:
        url = f"http://{lying[0]}" if lying else api.endpoint
        publisher = make(url, token=token, timeouts=IMPATIENT)
        with pytest.raises(WsNotifyError) as raised:
            publisher.publish(**PAYMENT, deadline=0.15)
    assert CANARY not in ours(raised.value)


@pytest.mark.parametrize("proxy_url", [f"http://{CANARY}:{CANARY}@127.0.0.1:1",
                                       f"socks4://{CANARY}:{CANARY}@127.0.0.1:1"])  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_no_failure_over_https_shows_the_password_of_a_proxy(kind: str, proxy_url: str) -> None:
    with publishing(kind) as make, pytest.raises(WsNotifyError) as raised:
        make("https://x.invalid", proxy=proxy_url).publish(**PAYMENT, deadline=0.15)
    assert CANARY not in ours(raised.value)


@pytest.mark.parametrize("given", [CANARY, f"{CANARY} x", f"Bearer {CANARY}", f"{CANARY}\r\n"])
@pytest.mark.parametrize("option", ["--token", "--backend-token", "WS_NOTIFY_TOKEN",
                                    "WS_NOTIFY_BACKEND_TOKEN"])  # fmt: skip
@pytest.mark.parametrize("command", [["doctor"], ["bench"], ["publish", "shop", "1", "m"]],
                         ids=lambda command: command[0])  # fmt: skip
def test_no_command_shows_a_token(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: list[str],
    option: str,
    given: str,
) -> None:
    name, *more = command
    if option == "--backend-token" and name == "publish":
        return
    with scripted(401) as server:
        options = ["--url", server.url]
        if option.startswith("--"):
            options.append(f"{option}={given}")
        else:
            monkeypatch.setenv(option, given)
        try:
            main([name, *options, *more])
        except SystemExit as error:
            assert error.code == 2  # noqa: PT017 - where it is wrong usage
    captured = capfd.readouterr()
    assert CANARY not in captured.out + captured.err


def test_asyncio_in_debug_mode_logs_no_token() -> None:
    async def use(url: str) -> None:
        async with AsyncClient(url, token=CANARY) as client:
            await client.publish(**PAYMENT)

    with scripted(Visit.serve) as server:
        asyncio.run(use(server.url), debug=True)
