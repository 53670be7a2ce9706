import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.tools.stacks import deploy_outputs
from tools import ToolError, env
from tools.ministack import free_port
from tools.outputs import environment, write_outputs
from ws_notify.cli.failures import Failure
from ws_notify.cli.stage import LOCAL_OUTPUTS, find, read_outputs

_OUTPUTS = {
    "HttpEndpointURL": "https://def.execute-api.eu-west-1.amazonaws.com/dev",
    "WebsocketConnectEndpointURL": "ws://localhost:4599/_aws/execute-api/abc/local",
    "ConnectionsEndpointURL": "http://localhost:4599/_aws/execute-api/abc/local",
    "ConnectionsTableName": "connections",
    "LedgerTableName": "ledger",
    "RetentionSeconds": "3600",
    "PublishFunctionName": "publish",
}


def _run(monkeypatch: pytest.MonkeyPatch, stage: str) -> int:
    monkeypatch.setattr(sys, "argv", ["make env", stage])
    return env.main()


def test_any_value_survives_the_shell() -> None:
    value = "a b\"c'd $HOME `id` \\ ;&|\n*"
    script = f'{env.export_lines({"ODD": value})}\nprintf %s "$ODD"'
    done = subprocess.run(("/bin/sh", "-c", script), capture_output=True, text=True, check=True)
    assert done.stdout == value


def test_the_stage_local_comes_from_its_outputs_file(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "corp.example")
    callbacks = aws.replace("127.0.0.1", "localhost") + "/_aws/execute-api/abc/local"
    write_outputs(LOCAL_OUTPUTS, "local", {**_OUTPUTS, "ConnectionsEndpointURL": callbacks})
    assert _run(monkeypatch, "local") == 0
    assert capsys.readouterr().out.splitlines() == [
        "export CONNECTIONS_TABLE=connections",
        "export LEDGER_TABLE=ledger",
        "export RETENTION_SECONDS=3600",
        f"export CONNECTIONS_ENDPOINT_URL={callbacks}",
        f"export WS_NOTIFY_URL={_OUTPUTS['WebsocketConnectEndpointURL']}",
        f"export WS_NOTIFY_HTTP_URL={_OUTPUTS['HttpEndpointURL']}",
        "export WS_NOTIFY_FUNCTION=publish",
        "export AWS_ACCESS_KEY_ID=test",
        "export AWS_SECRET_ACCESS_KEY=test",
        "export AWS_REGION=eu-west-1",
        "export AWS_DEFAULT_REGION=eu-west-1",
        f"export AWS_ENDPOINT_URL={aws}",
        "export NO_PROXY=127.0.0.1,localhost,corp.example",
        "export no_proxy=127.0.0.1,localhost,corp.example",
    ]


def test_a_stage_local_that_was_killed_is_not_taken_for_a_living_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    callbacks = f"http://localhost:{free_port()}/_aws/execute-api/abc/local"
    write_outputs(LOCAL_OUTPUTS, "local", {**_OUTPUTS, "ConnectionsEndpointURL": callbacks})
    with pytest.raises(ToolError, match="make run"):
        _run(monkeypatch, "local")


@pytest.mark.usefixtures("credentials")
def test_a_stage_on_aws_comes_from_its_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy_outputs("dev", _OUTPUTS)
    assert _run(monkeypatch, "dev") == 0
    # No credentials, and nothing that redirects the process's own clients.
    assert capsys.readouterr().out.splitlines() == [
        "export CONNECTIONS_TABLE=connections",
        "export LEDGER_TABLE=ledger",
        "export RETENTION_SECONDS=3600",
        f"export CONNECTIONS_ENDPOINT_URL={_OUTPUTS['ConnectionsEndpointURL']}",
        f"export WS_NOTIFY_URL={_OUTPUTS['WebsocketConnectEndpointURL']}",
        f"export WS_NOTIFY_HTTP_URL={_OUTPUTS['HttpEndpointURL']}",
        "export WS_NOTIFY_FUNCTION=publish",
        "export AWS_REGION=eu-west-1",
        "export AWS_DEFAULT_REGION=eu-west-1",
    ]


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    "shell",
    [
        {"AWS_REGION": "eu-west-1"},
        {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"},
        {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"},
        {"AWS_CONFIG_FILE": "config"},
    ],
    ids=["AWS_REGION alone", "two that differ", "AWS_DEFAULT_REGION", "the profile"],
)
def test_the_region_of_a_stage_on_aws_is_found_as_the_cdk_finds_it(
    shell: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = f"dev{len(shell)}{len(shell.get('AWS_REGION', ''))}"
    deploy_outputs(stage, _OUTPUTS)
    monkeypatch.chdir(tmp_path)
    Path("config").write_text("[default]\nregion = eu-west-1\n")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the profiles that it has read
    assert find(stage).region == "eu-west-1"


@pytest.mark.usefixtures("credentials")
def test_a_stage_that_is_not_deployed_says_how_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure, match=r"(?s)OttuWsNotify-prod.*make deploy STAGE=prod"):
        _run(monkeypatch, "prod")


def test_a_failure_prints_nothing_that_a_shell_would_run(tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "tools.env", "local"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: The stage local is not running")


def test_an_old_stack_without_an_output_is_named() -> None:
    with pytest.raises(ToolError, match="LedgerTableName"):
        environment({name: "" for name in _OUTPUTS if name != "LedgerTableName"})


def test_outputs_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "outputs.json"
    write_outputs(path, "local", _OUTPUTS)
    assert read_outputs(path, "local") == _OUTPUTS
    assert json.loads(path.read_text()) == {"OttuWsNotify-local": _OUTPUTS}
    assert list(path.parent.iterdir()) == [path]
