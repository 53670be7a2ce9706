"""The functions as Lambda runs them: imported under an environment, their output line by line."""

import importlib
import json
import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tools.ministack import CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "ottu-ws-notify"
NAMESPACE = "OttuWsNotify-test"

ENDPOINT = "CONNECTIONS_ENDPOINT_URL"
STORAGE_SETTINGS = ["CONNECTIONS_TABLE", "LEDGER_TABLE", "RETENTION_SECONDS"]
DEFAULT_SETTINGS = [*STORAGE_SETTINGS, ENDPOINT, "AUTH", "ALLOWED_ORIGINS"]


@dataclass(frozen=True, slots=True)
class Output:
    """What a function wrote, one JSON object a line: log lines, and metrics in CloudWatch's EMF."""

    text: str

    @property
    def _objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The log lines, as objects."""
        return [each for each in self._objects if "_aws" not in each]

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the service by name."""
        found: dict[str, float] = {}
        for blob in self._objects:
            for listed in blob.get("_aws", {}).get("CloudWatchMetrics", []):
                assert listed["Namespace"] == NAMESPACE
                assert blob["service"] == SERVICE
                names = [metric["Name"] for metric in listed["Metrics"]]
                found |= {name: sum(blob[name]) for name in names}
        return found


class Function:
    """A function of `lambdas`; its first invocation is a cold start."""

    def __init__(
        self, name: str, capsys: pytest.CaptureFixture[str], *, module: str = "handler"
    ) -> None:
        self._name = name
        self._module = module
        self._capsys = capsys
        self._handler: Callable[[Any, Any], Any] | None = None

    def __call__(self, event: Any) -> Any:
        """Invoke it; what it returns has passed through JSON, as on AWS."""
        if self._handler is None:
            self._handler = import_anew(self._name, self._module).handler
        self._capsys.readouterr()
        return json.loads(json.dumps(self._handler(event, FakeLambdaContext())))

    def output(self) -> Output:
        """Return what the last invocation wrote."""
        return Output(self._capsys.readouterr().out)


def set_up(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    """Make the environment that of a function: these settings, and those that all have."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", SERVICE)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    # Powertools prepares a logger once a process, with the standard output of that moment.
    logger = logging.getLogger(SERVICE)
    for name, unprepared in {"handlers": [], "init": False, "powertools_handler": None}.items():
        monkeypatch.setattr(logger, name, unprepared, raising=False)


def import_anew(name: str, module: str = "handler") -> Any:
    """Import the handler of a function as its cold start does, and return the module."""
    path = f"lambdas.{name}.{module}"
    sys.modules.pop(path, None)
    return importlib.import_module(path)


@dataclass(frozen=True, slots=True)
class FakeLambdaContext:
    """What Lambda tells a function of its invocation, as far as anybody asks."""

    function_name: str = "a-function"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:a-function"
    aws_request_id: str = "6f1b7c1e-2d0f-4a53-9a1e-0c1f5ad9f6d1"


def frame_in(response: dict[str, Any], status: int) -> dict[str, Any]:
    """Return the frame in a response of this status; what all of them have is checked."""
    expected = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if status == 503:
        expected["Retry-After"] = "2"
    assert response.keys() == {"statusCode", "headers", "body"}
    assert (response["statusCode"], response["headers"]) == (status, expected)
    frame: dict[str, Any] = json.loads(response["body"])
    assert frame["client"] == "server"
    return frame
