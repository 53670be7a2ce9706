import json
import re

import pytest

from infra.access_logs import FIELDS_OF_THE_AUTHORIZER
from lambdas.layer.auth.principal import Identity
from tests.infra.templates import Template


def test_each_of_the_three_routes_invokes_its_function(template: Template) -> None:
    targets = {}
    for route in template.of_api(template.websocket_api, "Route"):
        integration = route.properties["Target"]["Fn::Join"][1][1]["Ref"]
        (found,) = (
            i for i in template.all("AWS::ApiGatewayV2::Integration") if i.id == integration
        )
        targets[route.properties["RouteKey"]] = template.text(found.properties["IntegrationUri"])
    invoke = "arn:<AWS::Partition>:apigateway:<AWS::Region>:lambda:path/2015-03-31/functions"
    assert targets == {
        f"${name}": f"{invoke}/<{name}.Arn>/invocations"
        for name in ("connect", "default", "disconnect")
    }


def test_no_action_of_a_frame_selects_a_route_of_the_websocket_api(
    template: Template,
) -> None:
    api = template.websocket_api.properties
    assert api["ProtocolType"] == "WEBSOCKET"
    keys = {r.properties["RouteKey"] for r in template.of_api(template.websocket_api, "Route")}
    variable, static = "${request.body.action}", "/frame"
    assert api["RouteSelectionExpression"] == variable + static
    assert not any(key.endswith(static) for key in keys)


def test_the_default_route_alone_has_a_route_response(dev: Template, prod: Template) -> None:
    for template in (dev, prod):
        response = template.one("AWS::ApiGatewayV2::RouteResponse").properties
        (route,) = (
            r
            for r in template.of_api(template.websocket_api, "Route")
            if r.properties["RouteKey"] == "$default"
        )
        assert response["RouteId"] == {"Ref": route.id}
        assert response["RouteResponseKey"] == "$default"
        assert route.properties["RouteResponseSelectionExpression"] == "$default"


def test_the_emulated_stage_has_no_route_response(
    local: Template,
) -> None:
    assert local.all("AWS::ApiGatewayV2::RouteResponse") == []


def test_the_emulated_api_alone_has_a_fixed_id(template: Template, stage: str) -> None:
    tags = template.websocket_api.properties["Tags"]
    assert tags.get("ms-custom-id") == ("notify" if stage == "local" else None)


@pytest.mark.parametrize(
    ("stage", "rate", "burst"), [("local", 1000, 1000), ("dev", 100, 200), ("prod", 2000, 1250)]
)
def test_the_stage_is_deployed_automatically_and_throttled(
    templates: dict[str, Template], stage: str, rate: int, burst: int
) -> None:
    template = templates[stage]
    properties = template.stage_of(template.websocket_api).properties
    assert properties["StageName"] == stage
    assert properties["AutoDeploy"] is True
    assert properties["DefaultRouteSettings"]["ThrottlingRateLimit"] == rate
    assert properties["DefaultRouteSettings"]["ThrottlingBurstLimit"] == burst


def test_the_throttling_of_prod_is_within_the_quotas_of_every_region(prod: Template) -> None:
    settings = prod.stage_of(prod.websocket_api).properties["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] <= 2500
    assert settings["ThrottlingBurstLimit"] <= 1250


def test_the_stage_does_not_log_frames(template: Template) -> None:
    settings = template.stage_of(template.websocket_api).properties["DefaultRouteSettings"]
    assert not settings.get("DataTraceEnabled")


def test_an_access_log_line_is_json_without_personal_data(
    template: Template,
) -> None:
    settings = template.stage_of(template.websocket_api).properties["AccessLogSettings"]
    line = json.loads(settings["Format"])
    assert {"requestId", "eventType", "routeKey", "connectionId", "status", "error"} <= set(line)
    of_the_authorizer = set(FIELDS_OF_THE_AUTHORIZER.values())
    for value in line.values():
        assert value.startswith("$context.")
        for personal in ("identity", "query", "path", "authorizer", "header"):
            assert personal not in value or value in of_the_authorizer


def test_an_access_log_line_has_the_authorizers_status_only_with_an_authorizer(
    template: Template, auth: str
) -> None:
    settings = template.stage_of(template.websocket_api).properties["AccessLogSettings"]
    line = json.loads(settings["Format"])
    logged = {name: value for name, value in line.items() if "authorizer" in value}
    expected = {
        "authorizerStatus": "$context.authorizer.status",
        "authorizerLatency": "$context.authorizer.latency",
        "authorizerRequestId": "$context.authorizer.requestId",
    }
    assert logged == (expected if auth != "off" else {})


def test_no_variable_of_the_access_log_is_a_key_of_the_authorizer_context() -> None:
    identity = Identity("backend", "shop", frozenset(), expires_at_ms=0).to_context()
    logged = {value.rpartition(".")[2] for value in FIELDS_OF_THE_AUTHORIZER.values()}
    assert logged.isdisjoint(identity)


def test_access_logs_have_a_log_group_of_their_own(template: Template) -> None:
    settings = template.stage_of(template.websocket_api).properties["AccessLogSettings"]
    parts = settings["DestinationArn"]["Fn::Join"][1]
    group = parts[-1]["Ref"]  # its name, and nothing behind it: the attribute Arn ends in `:*`
    arn = "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts[:-1])
    assert arn == "arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:"
    assert group in {g.id for g in template.all("AWS::Logs::LogGroup")}
    assert group not in {template.log_group_of(f).id for f in template.functions.values()}


def test_fields_that_may_contain_a_quote_are_last_in_an_access_log_line(template: Template) -> None:
    settings = template.stage_of(template.websocket_api).properties["AccessLogSettings"]
    line = json.loads(settings["Format"])
    assert list(line.items())[-2:] == [
        ("error", "$context.error.message"),
        ("integrationError", "$context.integrationErrorMessage"),
    ]
    assert not [v for v in list(line.values())[:-2] if "message" in v.lower()]


def test_an_access_log_line_is_json_when_every_variable_is_empty(
    template: Template,
) -> None:
    settings = template.stage_of(template.websocket_api).properties["AccessLogSettings"]
    line = json.loads(re.sub(r"\$context[\w.]+", "-", settings["Format"]))
    assert set(line.values()) == {"-"}
