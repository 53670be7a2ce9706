"""Which region boto3's clients of the package speak to."""

from pathlib import Path

import boto3
import pytest

from tests.clients.python.kit.aws import Answer, aws, stack_outputs
from tests.clients.python.kit.clients import PAYMENT
from tests.clients.python.kit.frames import receipt
from ws_notify import LambdaPublisher
from ws_notify.cli import stage

STACK = stack_outputs(WebsocketConnectEndpointURL="wss://example.com/dev")


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A shell with credentials, and with a profile that names a region."""
    config = tmp_path / "config"
    config.write_text("[default]\nregion = af-south-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "me-south-1"}, "me-south-1"),
        ({"AWS_REGION": "me-south-1", "AWS_DEFAULT_REGION": "us-east-1"}, "me-south-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        ({}, "af-south-1"),
    ],
    ids=["AWS_REGION alone", "two that differ", "AWS_DEFAULT_REGION", "the profile"],
)
def test_a_stage_and_a_function_are_found_in_the_region_of_the_cdk(
    shell: pytest.MonkeyPatch, variables: dict[str, str], region: str
) -> None:
    with aws(shell, STACK, Answer(receipt("n-1"))) as here:
        shell.setattr(boto3, "DEFAULT_SESSION", None)
        for name, value in variables.items():
            shell.setenv(name, value)
        assert stage.find("dev").url == "wss://example.com/dev"
        LambdaPublisher("publish-dev").publish(**PAYMENT)
    assert here.regions == [region, region]


def test_a_region_set_in_boto3_is_kept(shell: pytest.MonkeyPatch) -> None:
    with aws(shell, Answer(receipt("n-1"))) as here:
        shell.setattr(boto3, "DEFAULT_SESSION", boto3.Session(region_name="eu-north-1"))
        shell.setenv("AWS_REGION", "me-south-1")
        LambdaPublisher("publish-dev").publish(**PAYMENT)
    assert here.regions == ["eu-north-1"]
