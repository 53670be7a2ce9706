"""The schedule's `{"warm": true}`: answered by every function before anything else."""

from typing import Any

import pytest

from tests.kit.functions import Function
from tests.kit.loopback import LoopbackApi

WARM = {"warm": True}
FUNCTIONS = {
    "connect": ("connect", "handler"),
    "authorizer": ("connect", "authorizer"),
    "default": ("default", "handler"),
    "disconnect": ("disconnect", "handler"),
}


@pytest.fixture(params=FUNCTIONS)
def function(
    request: pytest.FixtureRequest,
    settings: pytest.MonkeyPatch,
    loopback: LoopbackApi,
    capsys: pytest.CaptureFixture[str],
) -> Function:
    settings.setenv("ALLOWED_ORIGINS", "https://pay.example.com")
    settings.setenv("AUTH", "required")
    settings.setenv("TOKEN_KEYS_SECRET", "the-keys")
    settings.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", loopback.endpoint)
    package, module = FUNCTIONS[request.param]
    return Function(package, capsys, module=module)


def test_a_warm_up_is_answered_without_a_log_line_a_metric_or_a_call(
    function: Function, loopback: LoopbackApi
) -> None:
    assert function(WARM) == WARM
    assert function.output().text == ""
    assert loopback.requests == []


@pytest.mark.parametrize(
    "payload",
    [{"warm": 1}, {"warm": False}, {"warm": "true"}, {**WARM, "client": "backend"}, [WARM]],
)
def test_a_payload_that_resembles_a_warm_up_is_rejected_as_a_frame(
    payload: Any, default: Function
) -> None:
    reply = default(payload)
    assert (reply["type"], reply["retryable"]) == ("error", False)
    assert default.output().metrics == {"FramesRefused": 1}
