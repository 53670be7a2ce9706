"""`make env STAGE=...`: the environment for in-process use, as shell lines to `eval`.

Only those lines go to standard output. Secrets are never printed; the local AWS's are none.
"""

import argparse
import os
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tools import ToolError
from tools.ministack import answers
from tools.outputs import (
    LOCAL_OUTPUTS,
    STAGES,
    environment,
    local_environment,
    read_outputs,
    stack_name,
)
from tools.terminal import exit_status, say


def main() -> int:
    """Print the export lines of the stage."""
    parser = argparse.ArgumentParser(prog="make env")
    parser.add_argument("stage", choices=STAGES)
    stage: str = parser.parse_args().stage
    say(export_lines(_local() if stage == "local" else _deployed(stage)))
    return 0


def export_lines(variables: Mapping[str, str]) -> str:
    """Write the variables as shell commands; any value survives `eval`."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def _local() -> dict[str, str]:
    try:
        outputs = read_outputs(LOCAL_OUTPUTS, "local")
    except FileNotFoundError:
        raise ToolError("The stage local is not running: start it with `make run`") from None
    port = urlsplit(outputs["ConnectionsEndpointURL"]).port or 80
    if not answers(port):
        raise ToolError("The stage local was killed: start it again with `make run`")
    return local_environment(outputs, f"http://127.0.0.1:{port}")


def _deployed(stage: str) -> dict[str, str]:
    name = stack_name(stage)
    try:
        client = boto3.client("cloudformation")
        stacks = client.describe_stacks(StackName=name)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        where = os.environ.get("AWS_ENDPOINT_URL", "AWS")
        raise ToolError(
            f"{name} could not be read from {where}: {error}\n"
            "Choose its account and region (AWS_PROFILE, AWS_DEFAULT_REGION), "
            f"or deploy it with `make deploy STAGE={stage}`"
        ) from error
    outputs: dict[str, Any] = {o["OutputKey"]: o["OutputValue"] for o in stacks[0]["Outputs"]}
    return {**environment(outputs), "AWS_DEFAULT_REGION": client.meta.region_name}


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
