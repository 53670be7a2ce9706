"""The functions as Lambda loads them, over a recorder and keys of ours, for the process's life."""

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

from lambdas.layer.auth.keys import Keys
from tests.fuzz.verdict import Recorder, handler
from tests.kit.functions import FakeLambdaContext
from tests.kit.tokens import KEYS, NOW

_SETTINGS: Final[Mapping[str, str]] = {
    "ALLOWED_ORIGINS": "https://pay.example.com",
    "AUTH": "required",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "CONNECTIONS_ENDPOINT_URL": "http://127.0.0.1:9/stage",
    "AWS_SECRET_ACCESS_KEY": "test",
    "CONNECTIONS_TABLE": "connections",
    "LEDGER_TABLE": "ledger",
    "POWERTOOLS_METRICS_NAMESPACE": "proof",
    "POWERTOOLS_SERVICE_NAME": "proof",
    "RETENTION_SECONDS": "3600",
    "TOKEN_KEYS_SECRET": "keys",
}


@dataclass(frozen=True, slots=True)
class Functions:
    """Each takes an event; what `default` did is in `did` afterwards."""

    default: Callable[[Any], Any]
    connect: Callable[[Any], Any]
    authorizer: Callable[[Any], Any]
    did: Recorder
    request_id: str


class _Nowhere(io.TextIOBase):
    """An output that holds no file open: the loggers keep it as long as the process lives."""

    def write(self, text: str) -> int:
        return len(text)


@contextmanager
def _settings() -> Iterator[None]:
    """Let a function find its settings for as long as it loads, and nobody else after it."""
    before = dict(os.environ)
    os.environ.update(_SETTINGS)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@cache
def functions() -> Functions:
    """Load them, once. They find no AWS, and what they log goes nowhere."""
    # Powertools keeps the output that it finds when a logger is made.
    with _settings(), redirect_stdout(_Nowhere()):
        from lambdas.connect import authorizer, handler as connect  # noqa: I001, PLC0415 - only under these settings
        from lambdas.default import handler as default  # noqa: PLC0415 - (the same)
    did = Recorder()
    default.HANDLER = handler(did)
    authorizer.KEYS = Keys(lambda: dict(KEYS), clock=lambda: NOW * 1000)
    vars(authorizer)["system_clock"] = lambda: NOW * 1000
    context = FakeLambdaContext()
    return Functions(
        default=partial(_quietly, default.handler),
        connect=partial(_quietly, connect.handler),
        authorizer=partial(_quietly, authorizer.handler),
        did=did,
        request_id=context.aws_request_id,
    )


def _quietly(handler: Callable[[Any, Any], Any], event: Any) -> Any:
    """Metrics are printed."""
    with redirect_stdout(io.StringIO()):
        return handler(event, FakeLambdaContext())
