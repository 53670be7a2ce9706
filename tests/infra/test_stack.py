import json

import pytest

from app import build
from tests.infra.templates import Template

AWS = "<api>.execute-api.<AWS::Region>.<AWS::URLSuffix>"


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_endpoints_of_a_stage_on_aws_are_those_of_its_api(
    templates: dict[str, Template], stage: str
) -> None:
    outputs = templates[stage].outputs
    assert outputs["WebsocketConnectEndpointURL"] == f"wss://{AWS}/{stage}"
    assert outputs["ConnectionsEndpointURL"] == f"https://{AWS}/{stage}"


def test_the_endpoints_of_the_emulated_stage_are_local(local: Template) -> None:
    path = "4566/_aws/execute-api/<api>/local"
    assert local.outputs["WebsocketConnectEndpointURL"] == f"ws://localhost:{path}"
    assert local.outputs["ConnectionsEndpointURL"] == f"http://127.0.0.1:{path}"


def test_the_outputs_have_what_in_process_use_and_direct_invocation_need(
    template: Template,
) -> None:
    outputs = template.outputs
    assert outputs["ConnectionsTableName"] == "<connections>"
    assert outputs["LedgerTableName"] == "<ledger>"
    assert outputs["RetentionSeconds"] == "3600"
    assert outputs["PublishFunctionName"] == "<default>"
    assert outputs["DashboardName"] == "<AWS::CloudWatch::Dashboard>"


def test_every_resource_with_tags_has_the_project_and_the_stage(
    template: Template, stage: str
) -> None:
    tagged = 0
    for resource in template.body["Resources"].values():
        tags = resource.get("Properties", {}).get("Tags")
        if tags is None:
            continue
        tagged += 1
        if isinstance(tags, list):
            tags = {tag["Key"]: tag["Value"] for tag in tags}
        assert {"project": "ottu-ws-notify", "stage": stage}.items() <= tags.items()
    of_ours = ("DynamoDB::Table", "Lambda::Function", "Logs::LogGroup", "ApiGatewayV2::Api")
    assert tagged >= sum(len(template.all(f"AWS::{type_}")) for type_ in of_ours)


def test_a_template_names_no_account_and_no_region(template: Template) -> None:
    text = json.dumps(template.body)
    assert "000000000000" not in text
    assert "eu-west-1" not in text


def test_no_resource_but_the_stage_of_the_api_has_a_physical_name(template: Template) -> None:
    names = {"TableName", "RoleName", "LogGroupName", "LayerName", "AlarmName", "TopicName"}
    for resource in template.body["Resources"].values():
        assert not names & set(resource.get("Properties", {}))


def test_an_unknown_stage_is_rejected_by_name() -> None:
    with pytest.raises(
        SystemExit, match="no such stage: staging; there are local, dev, prod, account"
    ):
        build(context={"stages": "dev,staging"})
