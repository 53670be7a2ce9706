import json
from dataclasses import replace

import pytest

from app import build
from infra.stages import DEV, Stage
from tests.infra.templates import Template

AWS = "<api>.execute-api.<AWS::Region>.<AWS::URLSuffix>"


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_addresses_on_aws(templates: dict[str, Template], stage: str) -> None:
    outputs = templates[stage].outputs
    assert outputs["WebsocketConnectEndpointURL"] == f"wss://{AWS}/{stage}"
    assert outputs["ConnectionsEndpointURL"] == f"https://{AWS}/{stage}"


def test_the_addresses_on_this_machine(local: Template) -> None:
    path = "4566/_aws/execute-api/<api>/local"
    assert local.outputs["WebsocketConnectEndpointURL"] == f"ws://localhost:{path}"
    assert local.outputs["ConnectionsEndpointURL"] == f"http://127.0.0.1:{path}"


def test_what_in_process_use_and_direct_invocation_need_is_put_out(template: Template) -> None:
    outputs = template.outputs
    assert outputs["ConnectionsTableName"] == "<connections>"
    assert outputs["LedgerTableName"] == "<ledger>"
    assert outputs["RetentionSeconds"] == "3600"
    assert outputs["PublishFunctionName"] == "<default>"
    assert outputs["DashboardName"] == "<AWS::CloudWatch::Dashboard>"


def test_everything_that_takes_tags_has_them(template: Template, stage: str) -> None:
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


def test_a_template_fits_every_account_and_region(template: Template) -> None:
    text = json.dumps(template.body)
    assert "000000000000" not in text
    assert "eu-west-1" not in text


def test_nothing_has_a_physical_name_but_the_apis_stage(template: Template) -> None:
    names = {"TableName", "RoleName", "LogGroupName", "LayerName", "AlarmName", "TopicName"}
    for resource in template.body["Resources"].values():
        assert not names & set(resource.get("Properties", {}))


def test_an_unknown_stage_is_refused_by_name() -> None:
    with pytest.raises(
        SystemExit, match="no such stage: staging; there are local, dev, prod, account"
    ):
        build(context={"stages": "dev,staging"})


def stage_with(*origins: str) -> Stage:
    return replace(DEV, allowed_origins=origins)


@pytest.mark.parametrize("origin", ["https://pay.example.com", "http://localhost:8000"])
def test_an_origin_is_listed_as_a_browser_sends_it(origin: str) -> None:
    assert stage_with(origin).allowed_origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    [
        "pay.example.com",
        "https://pay.example.com/",
        "https://pay.example.com/shop",
        "https://*.example.com",
        "https://Pay.example.com",
        "https://a.example,https://b.example",
        "",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused_with_advice(origin: str) -> None:
    with pytest.raises(ValueError, match="must be what a browser sends: scheme://host"):
        stage_with(origin)
