"""A local AWS with nothing deployed, for each module that asks for one."""

from collections.abc import Iterator

import pytest

from tools.ministack import CREDENTIALS, free_port, ministack


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its endpoint."""
    with ministack(tmp_path_factory.mktemp("aws"), free_port()) as server:
        server.wait_until_ready()
        yield server.endpoint


@pytest.fixture
def credentials(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point boto3 to it, as a caller's own environment points to an account."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws}.items():
        monkeypatch.setenv(name, value)
