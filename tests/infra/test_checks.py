import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Stack
from aws_cdk import aws_iam as iam

from app import build
from infra.checks import add_checks

DDB3 = "AwsSolutions-DDB3"  # point-in-time recovery
ALWAYS_OPEN = ("Default", "Disconnect")  # what $connect let in, and what goes


def report(assembly: Path) -> dict[str, dict[str, Any]]:
    content = json.loads((assembly / "validation-report.json").read_text())
    return {plugin["pluginName"]: plugin for plugin in content["pluginReports"]}


def test_every_stage_passes_cdk_nag_and_cfn_lint(assembly_of_variant: Path) -> None:
    for plugin in report(assembly_of_variant).values():  # those with nothing to say are not in it
        assert plugin["conclusion"] == "success"
        assert plugin["violations"] == []


def acknowledged(assembly: Path, stage: str) -> set[tuple[str, str]]:
    """Every (place in the stack, rule without its finding) that is acknowledged."""
    stack = f"/OttuWsNotify-{stage}"
    content = json.loads((assembly / f"OttuWsNotify-{stage}.metadata.json").read_text())
    return {
        (path.removeprefix(stack), rule.partition("::")[2].partition("[")[0])
        for path, entries in content.items()
        for entry in entries
        if entry["type"] == "aws:cdk:acknowledged-rules"
        for rule in entry["data"]
    }


def test_each_acknowledged_rule_is_acknowledged_on_its_one_resource(
    assembly_of_variant: Path, stage: str, auth: str
) -> None:
    functions = ["ConnectFunction", "DefaultFunction", "DisconnectFunction"]
    if auth == "off":
        open_routes = ("/Api/ConnectRoute", "/HttpApi/Publish", "/HttpApi/Notifications")
        of_auth = {(route, "AwsSolutions-APIG4") for route in open_routes}
    else:
        functions.append("AuthorizerFunction")
        of_auth = {("/TokenKeys/Secret", "AwsSolutions-SMG4")}
    expected = {
        *of_auth,
        *((f"/{name}/Function", "AwsSolutions-L1") for name in functions),
        *((f"/{name}/Function", "W3005") for name in functions),
        *((f"/Api/{name}Route", "AwsSolutions-APIG4") for name in ALWAYS_OPEN),
        ("/DefaultFunction/Role", "AwsSolutions-IAM5"),
    }
    not_recoverable = {("/Connections/Table", DDB3), ("/Ledger/Table", DDB3)}
    if stage == "local":
        expected |= {("/EventPublishers/DeadLetters", "AwsSolutions-SQS3")}
    assert acknowledged(assembly_of_variant, stage) == (
        expected if stage == "prod" else expected | not_recoverable
    )


def test_a_wildcard_in_a_functions_permissions_fails_the_synthesis(
    context: Mapping[str, str], tmp_path: Path
) -> None:
    app = build(str(tmp_path), {**context, "stages": "local"})
    role = app.node.find_child("OttuWsNotify-local").node.find_child("DefaultFunction")
    planted = iam.PolicyStatement(actions=["dynamodb:*"], resources=["*"])
    found = role.node.find_child("Role")
    assert isinstance(found, iam.Role)
    found.add_to_policy(planted)
    with pytest.raises(RuntimeError) as failure:
        app.synth()
    assert "AwsSolutions-IAM5[Action::dynamodb:*]" in str(failure.value)
    assert "AwsSolutions-IAM5[Resource::*]" in str(failure.value)


def test_a_property_that_cloudformation_would_reject_fails_the_synthesis(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    stack = Stack(app, "Planted")
    CfnResource(stack, "Group", type="AWS::Logs::LogGroup", properties={"RetentionInDays": 2})
    add_checks(app)
    with pytest.raises(RuntimeError, match="cfn-lint"):
        app.synth()
    (violation,) = report(tmp_path)["cfn-lint"]["violations"]
    assert violation["ruleName"] == "E3030"
    (place,) = violation["violatingConstructs"]
    assert place["constructPath"] == "Planted/Group"
    assert place["cloudFormationResource"]["propertyPaths"] == ["Properties.RetentionInDays"]
