"""The account's role for logging: set where there is none, and otherwise only when told."""

import contextlib
import io
from collections.abc import Iterator

import boto3
import pytest

from tools import ToolError, cdk, logging_role
from tools.ministack import CREDENTIALS, REGION, free_port, ministack

SOMEBODYS = "arn:aws:iam::000000000000:role/somebodys"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An account that is bootstrapped for CDK, found by a shell that has only AWS_REGION."""
    folder = tmp_path_factory.mktemp("aws")
    with ministack(folder, free_port()) as server, pytest.MonkeyPatch.context() as patch:
        server.wait_until_ready()
        cdk.bootstrap(folder, server)
        shell = {**CREDENTIALS, "AWS_ENDPOINT_URL": server.endpoint, "AWS_REGION": REGION}
        for name, value in shell.items():
            patch.setenv(name, value)
        patch.delenv("AWS_DEFAULT_REGION")
        yield


@pytest.fixture(scope="module")
def role(account: None) -> str:  # noqa: ARG001 - for its effect
    """The role that was set in an account that had none."""
    assert named() == ""
    with contextlib.redirect_stdout(io.StringIO()):
        assert logging_role.main(["--approval", "never"]) == 0
    return named()


def named() -> str:
    client = boto3.client("apigateway", region_name=REGION)
    role: str = client.get_account().get("cloudwatchRoleArn") or ""
    return role


def set_by_hand(role: str) -> None:
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    boto3.client("apigateway", region_name=REGION).update_account(patchOperations=[patch])


def test_an_account_without_a_role_gets_one_from_a_stack_of_its_own(role: str) -> None:
    stacks = boto3.client("cloudformation", region_name=REGION)
    resources = stacks.describe_stack_resources(StackName="OttuWsNotify-account")
    ids = {r["ResourceType"]: r["PhysicalResourceId"] for r in resources["StackResources"]}
    assert ids.keys() >= {"AWS::IAM::Role", "AWS::ApiGateway::Account"}
    assert role.endswith(f":role/{ids['AWS::IAM::Role']}")


@pytest.mark.usefixtures("account")
def test_a_role_that_is_there_is_left_alone_and_the_way_to_replace_it_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_by_hand(SOMEBODYS)
    monkeypatch.setattr(logging_role, "_deploy", pytest.fail)
    assert logging_role.main([]) == 0
    assert named() == SOMEBODYS
    said = capsys.readouterr().out
    assert SOMEBODYS in said
    assert "make bootstrap LOGGING_ROLE=replace" in said


def test_a_role_is_replaced_when_told_although_the_stack_has_no_change(
    role: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_by_hand(SOMEBODYS)
    monkeypatch.setattr(logging_role, "_deploy", lambda _approval: None)
    assert logging_role.main(["--role", "replace"]) == 0
    assert named() == role
    assert f"as {role}, before as {SOMEBODYS}" in capsys.readouterr().out


@pytest.mark.usefixtures("account")
def test_a_deployment_that_fails_says_what_comes_of_it() -> None:
    with pytest.raises(ToolError, match="API Gateway refuses the stages"):
        logging_role.main(["--role", "replace", "--approval", "no-such-choice"])


def test_an_account_that_cannot_be_asked_is_told_with_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ToolError, match=r"(?s)could not be read or set: .*connect.*AWS_REGION"):
        logging_role.main([])
