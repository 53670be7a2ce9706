"""What holds for every test."""

import signal
from collections.abc import Iterator

import pytest

from tools.ministack import free_port, ministack


def pytest_configure() -> None:
    """Let the programs that tests start hear Ctrl-C, also where a shell's `&` started the tests."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the endpoint of a local AWS with nothing deployed, one a module."""
    with ministack(tmp_path_factory.mktemp("aws"), free_port()) as server:
        server.wait_until_ready()
        yield server.endpoint
