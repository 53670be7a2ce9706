"""Clients of both kinds, closed when their test ends, in a clean environment."""

import os
from collections.abc import Iterator

import boto3
import pytest

from tests.clients.python.kit.clients import KINDS, Connect, connecting


@pytest.fixture(params=KINDS)
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    with connecting(request.param) as client:
        yield client


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the shell's variables for stages, AWS, proxies, colours and buffering."""
    mine = ("WS_NOTIFY_", "AWS_", "NO_COLOR", "COLUMNS", "PYTHONUNBUFFERED")
    for name in [name for name in os.environ if name.startswith(mine) or "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials it found
