"""Stacks that have outputs and nothing else: what the tools read of a deployed stage."""

import json
from collections.abc import Mapping

import boto3


def deploy_outputs(stage: str, outputs: Mapping[str, str]) -> None:
    """Deploy them where boto3's environment points to."""
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    values = {name: {"Value": value} for name, value in outputs.items()}
    template = json.dumps({"Resources": {"Nothing": handle}, "Outputs": values})
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName=f"OttuWsNotify-{stage}", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=f"OttuWsNotify-{stage}", WaiterConfig={"Delay": 1}
    )
