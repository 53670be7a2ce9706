"""The functions as their cold starts load them, with keys of the tests; they find no AWS."""

import io
from contextlib import redirect_stdout
from functools import cache
from typing import Any, Final

import pytest

from lambdas.layer.auth.keys import Keys
from tests.kit.functions import DEFAULT_SETTINGS, ENDPOINT, FakeLambdaContext, import_anew, set_up
from tests.kit.tokens import KEYS, NOW

ORIGIN: Final = "https://pay.example.com"
"""The one that the stage lists."""

CONTEXT: Final = FakeLambdaContext()


@cache
def functions() -> dict[str, Any]:
    """Load `default`, `connect` and `authorizer`, of a stage that requires tokens."""
    with pytest.MonkeyPatch.context() as patch:
        set_up(patch, dict.fromkeys(DEFAULT_SETTINGS, "none"))
        patch.setenv("RETENTION_SECONDS", "3600")
        patch.setenv("AUTH", "required")
        patch.setenv("ALLOWED_ORIGINS", ORIGIN)
        patch.setenv("TOKEN_KEYS_SECRET", "none")
        for name in ("AWS_ENDPOINT_URL", ENDPOINT):
            patch.setenv(name, "http://127.0.0.1:9")
        patch.setenv("POWERTOOLS_SERVICE_NAME", "fuzz")  # a logger apart from the other tests'
        patch.setenv("POWERTOOLS_LOG_LEVEL", "CRITICAL")
        default, connect = import_anew("default"), import_anew("connect")
        authorizer = import_anew("connect", "authorizer")
    authorizer.KEYS = Keys(lambda: dict(KEYS), clock=lambda: NOW * 1000)
    authorizer.system_clock = lambda: NOW * 1000
    return {"default": default, "connect": connect, "authorizer": authorizer}


def invoke(function: Any, event: Any) -> Any:
    """Return what a function returns. Raises what it does."""
    with redirect_stdout(io.StringIO()):  # metrics are printed
        return function.handler(event, CONTEXT)


def authorize_request(event: Any, *, required: bool) -> Any:
    """Return what the authorizer answers to the HTTP API of a stage."""
    authorizer = functions()["authorizer"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authorizer, "TOKEN_REQUIRED", required)
        return invoke(authorizer, event)
