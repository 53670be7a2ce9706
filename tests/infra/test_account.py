"""What the account has once: no stage's stack holds it, so stages come and go side by side."""

import json
from collections.abc import Mapping
from pathlib import Path

from app import build
from tests.infra.templates import Template

ACCOUNT = "AWS::ApiGateway::Account"


def stacks_of(context: Mapping[str, str]) -> set[str]:
    return {child.node.id for child in build(context=context).node.children}


def test_a_stage_has_no_account_setting_and_retains_no_role(
    template: Template,
) -> None:
    assert template.all(ACCOUNT) == []
    for role in template.all("AWS::IAM::Role"):
        assert role.body.get("DeletionPolicy", "Delete") == "Delete"
        assert "apigateway.amazonaws.com" not in json.dumps(role.properties)


def test_the_account_stack_retains_the_logging_role_and_the_account_setting(
    assembly: Path,
) -> None:
    template = Template.read(assembly / "OttuWsNotify-account.template.json")
    role, account = template.one("AWS::IAM::Role"), template.one(ACCOUNT)
    assert len(template.body["Resources"]) == 2
    assert account.properties == {"CloudWatchRoleArn": {"Fn::GetAtt": [role.id, "Arn"]}}
    for resource in (account, role):
        assert resource.body["DeletionPolicy"] == "Retain"
        assert resource.body["UpdateReplacePolicy"] == "Retain"
    (trusted,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "apigateway.amazonaws.com"}
    (policy,) = role.properties["ManagedPolicyArns"]
    assert policy["Fn::Join"][1][-1].endswith("/AmazonAPIGatewayPushToCloudWatchLogs")
    output = template.body["Outputs"]["LoggingRoleArn"]["Value"]  # tools/logging_role.py reads it
    assert output == {"Fn::GetAtt": [role.id, "Arn"]}


def test_the_account_stack_is_synthesised_by_default_and_when_named_but_not_with_a_stage(
    context: Mapping[str, str],
) -> None:
    stages = {"OttuWsNotify-local", "OttuWsNotify-dev", "OttuWsNotify-prod"}
    assert stacks_of(context) >= {*stages, "OttuWsNotify-account"}
    assert "OttuWsNotify-account" not in stacks_of({**context, "stages": "local"})
    alone = stacks_of({**context, "stages": "account"})
    assert "OttuWsNotify-account" in alone
    assert alone.isdisjoint(stages)
