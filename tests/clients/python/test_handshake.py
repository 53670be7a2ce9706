"""Both clients and the handshake: tokens, rejections, and what is logged."""

import logging
from collections.abc import Callable, Iterator

import pytest

from tests.clients.python.kit.clients import PAYMENT, AnyClient, Connect
from tests.clients.python.kit.server import Visit, scripted
from ws_notify import DeadlineError, HandshakeError, TokenError


def listen(client: AnyClient) -> None:
    assert client.subscribe("shop", "12303").ready()


def publish(client: AnyClient) -> None:
    client.publish(**PAYMENT)


Use = Callable[[AnyClient], None]
BOTH = pytest.mark.parametrize("use", [listen, publish])


class Tokens:
    """A function that fetches tokens: each of them once, an error where there is None."""

    def __init__(self, *tokens: str | None) -> None:
        self._tokens: Iterator[str | None] = iter(tokens)

    def __call__(self) -> str:
        if token := next(self._tokens, None):
            return token
        raise OSError("no network")


@BOTH
def test_a_token_is_sent_as_a_header(connect: Connect, use: Use) -> None:
    with scripted(Visit.serve) as server:
        use(connect(server.url, token="t-1"))  # noqa: S106 - a token of nothing
        assert server.tokens == ["Bearer t-1"]


@BOTH
def test_a_client_without_a_token_sends_no_header(connect: Connect, use: Use) -> None:
    with scripted(Visit.serve) as server:
        use(connect(server.url))
        assert server.tokens == [None]


@BOTH
def test_a_token_function_is_called_before_each_connect(connect: Connect, use: Use) -> None:
    with scripted(503, 503, Visit.serve) as server:
        use(connect(server.url, token=Tokens("t-1", "t-2", "t-3")))
        assert server.tokens == ["Bearer t-1", "Bearer t-2", "Bearer t-3"]


@BOTH
@pytest.mark.parametrize(
    ("token", "tries"), [(lambda: None, 1), (lambda: "t-1", 1), (lambda: Tokens("t-1", "t-2"), 2)]
)
def test_a_rejected_token_is_an_error_with_a_remedy(
    connect: Connect, use: Use, token: Callable[[], object], tries: int
) -> None:
    with scripted(401) as server:
        with pytest.raises(HandshakeError, match=r"HTTP 401.*a function that fetches") as raised:
            use(connect(server.url, token=token()))
        assert (raised.value.status, raised.value.retryable) == (401, False)
        assert server.handshakes == tries


def test_a_token_function_that_never_worked_is_an_error(connect: Connect) -> None:
    with scripted(Visit.serve) as server:
        client = connect(server.url, token=Tokens(None))
        with pytest.raises(TokenError, match="The token function raised OSError") as raised:
            listen(client)
        assert str(raised.value.__cause__) == "no network"
        with pytest.raises(DeadlineError, match="The token function raised OSError"):
            client.publish(**PAYMENT, deadline=0.3)
        assert server.handshakes == 0


@BOTH
@pytest.mark.parametrize(
    ("token", "message"),
    [(7, "must be a string, not int"), ("", "empty"), ("a b", "no HTTP header may hold")],
)
def test_a_token_function_that_returns_no_token_is_an_error_at_once(
    connect: Connect, use: Use, token: object, message: str
) -> None:
    with scripted(Visit.serve) as server:
        with pytest.raises(TokenError, match=message):
            use(connect(server.url, token=lambda: token))
        assert server.handshakes == 0


@BOTH
@pytest.mark.parametrize("token", ["t-1\r\n", b" t-1\n", lambda: b"t-1\n", lambda: "\tt-1"])
def test_a_token_is_stripped_and_may_be_bytes(connect: Connect, use: Use, token: object) -> None:
    with scripted(Visit.serve) as server:
        use(connect(server.url, token=token))
        assert server.tokens == ["Bearer t-1"]


@BOTH
def test_no_log_contains_the_token_or_the_message(
    connect: Connect, use: Use, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(Visit.serve) as server:
        use(connect(server.url, token="a-canary"))  # noqa: S106 - a token of nothing
        assert server.tokens == ["Bearer a-canary"]
    own = [record for record in caplog.records if not record.name.startswith("websockets.server")]
    shown = "\n".join(record.getMessage() for record in own)
    assert "a-canary" not in shown
    assert PAYMENT["message"] not in shown
