"""What a stage asks for that none does by default: traces, a warm-up, keys without tokens."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.stages import DEV, PROD, STAGES
from tests.infra.conftest import synthesised_stage
from tests.infra.templates import Resource, Template

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type
RULE = "AWS::Events::Rule"


def warm_ups(template: Template) -> list[Resource]:
    return [rule for rule in template.all(RULE) if "ScheduleExpression" in rule.properties]


def test_no_stage_traces_or_warms_up_by_default(template: Template) -> None:
    assert not any(stage.tracing or stage.warm_up_minutes for stage in STAGES)
    assert warm_ups(template) == []
    actions = {action for f in template.functions.values() for action, _ in template.permissions(f)}
    assert not [action for action in actions if action.startswith("xray:")]


def test_a_stage_with_tracing_traces_each_function_and_lets_it_write_segments(
    everything_on: Template,
) -> None:
    for function in everything_on.functions.values():
        assert function.properties["TracingConfig"] == {"Mode": "Active"}
        permissions = everything_on.permissions(function)
        assert {(action, of) for action, of in permissions if action.startswith("xray:")} == {
            ("xray:PutTraceSegments", "*"),
            ("xray:PutTelemetryRecords", "*"),
        }


def test_a_warm_up_invokes_each_function_with_its_constant_and_without_retries(
    everything_on: Template,
) -> None:
    (warm_up,) = warm_ups(everything_on)
    rule = warm_up.properties
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "ENABLED")
    assert {target["Input"] for target in rule["Targets"]} == {'{"warm":true}'}
    assert all(t["RetryPolicy"] == {"MaximumRetryAttempts": 0} for t in rule["Targets"])
    invoked = sorted(everything_on.text(target["Arn"]) for target in rule["Targets"])
    assert invoked == sorted(f"<{name}.Arn>" for name in everything_on.functions)


def test_each_rule_may_invoke_its_functions_alone_and_no_role_is_added(
    everything_on: Template, prod: Template
) -> None:
    invoking = {
        (rule.id, target["Arn"]["Fn::GetAtt"][0])
        for rule in everything_on.all(RULE)
        for target in rule.properties["Targets"]
    }
    permissions = [
        p.properties
        for p in everything_on.all("AWS::Lambda::Permission")
        if p.properties["Principal"] == "events.amazonaws.com"
    ]
    assert {permission["Action"] for permission in permissions} == {"lambda:InvokeFunction"}
    assert len(permissions) == len(invoking) == len(everything_on.functions) + 2
    assert {
        (p["SourceArn"]["Fn::GetAtt"][0], p["FunctionName"]["Fn::GetAtt"][0]) for p in permissions
    } == invoking
    assert len(everything_on.all("AWS::IAM::Role")) == len(prod.all("AWS::IAM::Role"))


@pytest.mark.parametrize("minutes", [0, -5])
def test_a_warm_up_interval_below_one_minute_is_rejected_by_name(minutes: int) -> None:
    with pytest.raises(ValueError, match="stage dev: warm_up_minutes is 1 or more, or None"):
        replace(DEV, warm_up_minutes=minutes)


def secret(template: Template) -> tuple[str, dict[str, Any]]:
    found: Resource = template.one(SECRET)
    return found.id, found.body


def test_a_protected_stage_keeps_its_keys_when_auth_is_off(
    prod: Template, context: Mapping[str, str], tmp_path: Path
) -> None:
    off = synthesised_stage(replace(PROD, auth="off"), context, tmp_path)
    assert secret(off) == secret(prod)  # the very same: CloudFormation has nothing to change
    assert off.all("AWS::ApiGatewayV2::Authorizer") == []
    assert "TokenKeysSecretArn" not in off.outputs
    for function in off.functions.values():
        assert not [a for a, _ in off.permissions(function) if a.startswith("secretsmanager:")]
