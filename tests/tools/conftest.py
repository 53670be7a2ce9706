"""The local AWS as a caller's environment names it."""

import pytest

from tools.ministack import CREDENTIALS


@pytest.fixture
def credentials(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point boto3 to it, as a caller's own environment points to an account."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws}.items():
        monkeypatch.setenv(name, value)
