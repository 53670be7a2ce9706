"""What holds for every test."""

import os
import signal
from collections.abc import Iterator

import pytest

from tools.ministack import free_port, ministack


def pytest_configure() -> None:
    """Let the programs that tests start hear Ctrl-C, also where a shell's `&` started the tests.

    And let what `make env` has exported lead nobody to a stage of somebody's own.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [
        name for name in os.environ if name.startswith(("AWS_ENDPOINT_URL", "WS_NOTIFY_"))
    ]:
        del os.environ[name]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the endpoint of a local AWS with nothing deployed, one a module."""
    with ministack(tmp_path_factory.mktemp("aws"), free_port()) as server:
        server.wait_until_ready()
        yield server.endpoint
