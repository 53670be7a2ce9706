"""Finding a deployed stage: its outputs, and how boto3 reaches the account that it is in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.layer.settings import region_or_none
from tools import ToolError
from tools.ministack import CREDENTIALS, answers
from tools.outputs import LOCAL_OUTPUTS, read_outputs, stack_name


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stage's outputs; `aws` are the variables by which boto3 finds it, beyond the caller's.

    On AWS they are its region alone: nothing that redirects the other clients of a process.
    """

    outputs: Mapping[str, str]
    aws: Mapping[str, str]


def deployed(stage: str) -> Deployed:
    """Find `local` by its outputs file, others by their stack; raise ToolError where it is not."""
    return _local() if stage == "local" else _on_aws(stage)


def _local() -> Deployed:
    try:
        outputs = read_outputs(LOCAL_OUTPUTS, "local")
    except FileNotFoundError:
        raise ToolError("The stage local is not running: start it with `make run`") from None
    port = urlsplit(outputs["ConnectionsEndpointURL"]).port or 80
    if not answers(port):
        raise ToolError("The stage local was killed: start it again with `make run`")
    return Deployed(outputs, {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"})


def _on_aws(stage: str) -> Deployed:
    name = stack_name(stage)
    try:
        client = boto3.client("cloudformation", region_name=region_or_none())
        stacks = client.describe_stacks(StackName=name)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        where = os.environ.get("AWS_ENDPOINT_URL", "AWS")
        raise ToolError(
            f"{name} could not be read from {where}: {error}\n"
            "Choose its account and region (AWS_PROFILE, AWS_REGION), "
            f"or deploy it with `make deploy STAGE={stage}`"
        ) from error
    outputs: dict[str, Any] = {o["OutputKey"]: o["OutputValue"] for o in stacks[0]["Outputs"]}
    region = client.meta.region_name
    return Deployed(outputs, {"AWS_REGION": region, "AWS_DEFAULT_REGION": region})
