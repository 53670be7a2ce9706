"""The second half of `make bootstrap`: the role by which API Gateway writes logs.

It is one setting an account and region, shared by all APIs there. Where it is missing, API Gateway
refuses a stage with access logs: "CloudWatch Logs role ARN must be set in account settings to
enable logging". One that is there belongs to somebody: it is left alone unless told otherwise.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.layer.settings import region_or_none
from tools import ToolError
from tools.terminal import exit_status, say
from ws_notify.cli.stage import stack_name

KEEP, REPLACE = "keep", "replace"
_ROOT: Final = Path(__file__).resolve().parent.parent
_ACCOUNT: Final = "account"
_OUTPUT: Final = "LoggingRoleArn"


def main(arguments: Sequence[str] | None = None) -> int:
    """Set the role where there is none, or where told to replace it."""
    parser = argparse.ArgumentParser(prog="make bootstrap")
    parser.add_argument("--role", choices=(KEEP, REPLACE), default=KEEP)
    parser.add_argument("--approval", default="broadening")
    said = parser.parse_args(arguments)
    # botocore does not read AWS_REGION, which the CDK command line prefers.
    region = region_or_none()
    try:
        say(ensure(region, lambda: _deploy(said.approval), replace=said.role == REPLACE))
    except (BotoCoreError, ClientError) as error:
        raise ToolError(
            f"API Gateway's role for logging could not be read or set: {error}\n"
            "Choose the account and region (AWS_PROFILE, AWS_REGION), and run `make bootstrap` "
            "again; it needs apigateway:GET and apigateway:PATCH on /account, "
            "and cloudformation:DescribeStacks"
        ) from error
    return 0


def ensure(region: str | None, deploy: Callable[[], None], *, replace: bool) -> str:
    """Return what came of it, as a sentence; `deploy` deploys the account's stack.

    Raises ToolError where the account has no role afterwards.
    """
    gateway = boto3.client("apigateway", region_name=region)
    before = _role(gateway)
    if before and not replace:
        return (
            f"API Gateway writes logs as {before}: left as it is "
            "(`make bootstrap LOGGING_ROLE=replace` sets one of this project)"
        )
    deploy()
    ours = _deployed_role(region)
    if _role(gateway) != ours:
        # A stack without a change sets nothing, whatever was set by hand since.
        gateway.update_account(
            patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": ours}]
        )
    return f"API Gateway writes logs as {ours}" + (f", before as {before}" if before else "")


def _role(gateway: Any) -> str:
    arn: str | None = gateway.get_account().get("cloudwatchRoleArn")
    return arn or ""


def _deployed_role(region: str | None) -> str:
    client = boto3.client("cloudformation", region_name=region)
    (stack,) = client.describe_stacks(StackName=stack_name(_ACCOUNT))["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
    if _OUTPUT not in outputs:
        raise ToolError(
            f"The stack {stack_name(_ACCOUNT)} has no output {_OUTPUT}: it was not deployed whole. "
            "Delete it, and run `make bootstrap` again"
        )
    return outputs[_OUTPUT]


def _deploy(approval: str) -> None:
    command = (
        *(str(_ROOT / "node_modules/.bin/cdk"), "deploy", stack_name(_ACCOUNT)),
        *("-c", f"stages={_ACCOUNT}", "--require-approval", approval, "--no-notices"),
    )
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=_ROOT, env=environment, check=False)  # noqa: S603 - our own program
    if done.returncode != 0:
        raise ToolError(
            f"The stack {stack_name(_ACCOUNT)} was not deployed, see above: without a role for "
            "logging, API Gateway refuses the stages. `make bootstrap` tries it again"
        )


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
