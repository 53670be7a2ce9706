"""docs/deployment.md's policy for CloudFormation names the services of the stacks, and no other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import ROOT
from tests.infra.templates import Template

# The prefix of a type is the service's in IAM, but for these.
_IAM_PREFIX = {"ApiGatewayV2": "apigateway"}
# To make a function of an asset, CloudFormation reads it from CDK's bucket; and a template's rule
# reads the version of the bootstrap from a parameter.
_FOR_CDK = {"s3", "ssm"}


@pytest.fixture(scope="module")
def statements() -> dict[str, dict[str, Any]]:
    text = (ROOT / "docs/deployment.md").read_text()
    (block,) = re.findall(r"test_bootstrap_policy\.py -->\n```json\n(.*?)```", text, re.DOTALL)
    policy = json.loads(block)
    assert policy["Version"] == "2012-10-17"
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def services_of(template: Template) -> set[str]:
    parts = [resource["Type"].split("::") for resource in template.body["Resources"].values()]
    assert {part[0] for part in parts} == {"AWS"}
    return {_IAM_PREFIX.get(part[1], part[1].lower()) for part in parts}


def services_named(statement: dict[str, Any]) -> set[str]:
    actions = statement["Action"]
    listed = actions if isinstance(actions, list) else [actions]
    return {action.split(":")[0] for action in listed}


def test_the_policy_names_exactly_the_services_of_all_stacks(
    statements: dict[str, dict[str, Any]],
    templates: dict[str, Template],
    everything_on: Template,
    assembly: Path,
) -> None:
    account = Template.read(assembly / "OttuWsNotify-account.template.json")
    needed = {
        service
        for template in (*templates.values(), everything_on, account)
        for service in services_of(template)
    }
    named = {service for each in statements.values() for service in services_named(each)}
    assert named == needed | _FOR_CDK


def test_the_policy_limits_roles_to_the_stacks_objects_to_cdks_bucket_and_names_to_the_zone(
    statements: dict[str, dict[str, Any]],
) -> None:
    wide = {sid for sid, statement in statements.items() if statement["Resource"] == "*"}
    assert wide == {"Services"}
    assert services_named(statements["Services"]).isdisjoint({"iam", "s3"})
    roles, code = statements["RolesOfTheStacks"], statements["Code"]
    names = statements["CustomDomains"]["Resource"]
    assert names == ["arn:aws:route53:::hostedzone/ZONE", "arn:aws:route53:::change/*"]
    # Without it the first custom domain of an account is refused to who may not create this role:
    # https://github.com/amplify-education/serverless-domain-manager/issues/112
    certificate_role = statements["CertificateRole"]
    assert certificate_role["Action"] == "iam:CreateServiceLinkedRole"
    assert certificate_role["Resource"].endswith(
        ":role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"
    )
    assert (roles["Action"], code["Action"]) == ("iam:*", "s3:GetObject")
    assert roles["Resource"] == "arn:aws:iam::ACCOUNT:role/OttuWsNotify-*"
    assert code["Resource"] == "arn:aws:s3:::cdk-*-assets-ACCOUNT-*"
