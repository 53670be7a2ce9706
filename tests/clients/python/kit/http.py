"""A stage over HTTP on loopback, and both publishers behind the same blocking calls."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from tests.clients.python.kit.clients import QUICK, Loop
from tests.clients.python.kit.frames import error, receipt
from tests.kit.loopback import HttpRequest, HttpResponse, LoopbackApi, ScriptedResponse
from ws_notify import AsyncHttpPublisher, HttpPublisher, Receipt, Timeouts

DENIED = HttpResponse(403, {"message": "Forbidden"})
UNAUTHORIZED = HttpResponse(401, {"message": "Unauthorized"})
EXPIRED = HttpResponse(403, error("forbidden", field="exp").encode())
BUSY = HttpResponse(503, error("internal_error", retryable=True).encode(), {"Retry-After": "0"})


def receive(request: HttpRequest) -> HttpResponse:
    """Answer a publish with its receipt."""
    body = json.loads(request.body)
    return HttpResponse(200, receipt(body["id"], ref=body["ref"]).encode())


@contextmanager
def stage(*script: ScriptedResponse, tls: ssl.SSLContext | None = None) -> Iterator[LoopbackApi]:
    """Serve a stage that answers so, and then with receipts."""
    with LoopbackApi(otherwise=receive, tls=tls) as api:
        api.script(*script)
        yield api


def bodies(api: LoopbackApi) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in api.requests]


def tokens(api: LoopbackApi) -> list[str | None]:
    return [each.headers.get("authorization") for each in api.requests]


class BlockingHttpPublisher:
    """An AsyncHttpPublisher behind blocking calls."""

    def __init__(self, loop: Loop, url: str, **more: Any) -> None:
        self._loop = loop
        self._publisher = AsyncHttpPublisher(url, **more)

    def publish(self, **fields: Any) -> Receipt:
        return self._loop.run(self._publisher.publish(**fields))

    def close(self) -> None:
        self._loop.run(self._publisher.aclose())


AnyHttpPublisher = HttpPublisher | BlockingHttpPublisher
Make = Callable[..., AnyHttpPublisher]


@contextmanager
def publishing(kind: str) -> Iterator[Make]:
    """Make publishers of a kind, which are closed at the end."""
    with ExitStack() as stack:
        loop = stack.enter_context(closing(Loop())) if kind == "asyncio" else None

        def make(url: str, *, timeouts: Timeouts = QUICK, **more: Any) -> AnyHttpPublisher:
            publisher: AnyHttpPublisher = (
                BlockingHttpPublisher(loop, url, timeouts=timeouts, **more)
                if loop
                else HttpPublisher(url, timeouts=timeouts, **more)
            )
            return stack.enter_context(closing(publisher))

        yield make
