"""The HTTP API: what the emulator does not show is asserted here of the template."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from infra.stages import DEV
from lambdas.layer import http_events
from lambdas.layer.auth.keys import CACHE_TTL_MS
from tests.infra.conftest import synthesised_stage
from tests.infra.templates import Resource, Template

ROUTES = {"POST /publish", "POST /notifications"}


def routes(template: Template) -> list[Resource]:
    return template.of_api(template.http_api, "Route")


def test_exactly_the_two_routes_invoke_default_with_payload_2(template: Template) -> None:
    assert {route.properties["RouteKey"] for route in routes(template)} == ROUTES
    (integration,) = template.of_api(template.http_api, "Integration")
    assert integration.properties["PayloadFormatVersion"] == "2.0"
    assert template.text(integration.properties["IntegrationUri"]) == "<default.Arn>"
    for route in routes(template):
        assert route.properties["Target"]["Fn::Join"][1][1] == {"Ref": integration.id}


def test_the_function_parses_exactly_the_routes_that_are_deployed(template: Template) -> None:
    assert {route.properties["RouteKey"] for route in routes(template)} == set(http_events.ROUTES)


def test_the_browser_of_any_page_may_post_with_a_token_and_asks_once_a_day(
    template: Template,
) -> None:
    assert template.http_api.properties["CorsConfiguration"] == {
        "AllowOrigins": ["*"],
        "AllowMethods": ["POST"],
        "AllowHeaders": ["authorization", "content-type"],
        "MaxAge": 86400,
    }


@pytest.mark.parametrize(
    ("stage", "publish", "poll"),
    [
        ("local", (1000, 1000), (500, 500)),
        ("dev", (100, 200), (50, 100)),
        ("prod", (2000, 1250), (1000, 625)),
    ],
)
def test_each_route_is_throttled_by_itself_and_pollers_have_half(
    templates: dict[str, Template], stage: str, publish: tuple[int, int], poll: tuple[int, int]
) -> None:
    template = templates[stage]
    found = template.stage_of(template.http_api)
    limits = {
        key: (one["ThrottlingRateLimit"], one["ThrottlingBurstLimit"])
        for key, one in found.properties["RouteSettings"].items()
    }
    assert limits == {"POST /publish": publish, "POST /notifications": poll}
    # CloudFormation refuses the settings of a route that is not there yet.
    assert {route.id for route in routes(template)} <= set(found.body["DependsOn"])


def test_where_tokens_are_required_an_answer_is_kept_by_the_header_for_a_minute(
    with_tokens: Template,
) -> None:
    (authorizer,) = with_tokens.of_api(with_tokens.http_api, "Authorizer")
    properties = authorizer.properties
    assert properties["AuthorizerType"] == "REQUEST"
    assert properties["AuthorizerPayloadFormatVersion"] == "2.0"
    assert properties["EnableSimpleResponses"] is True
    assert properties["IdentitySource"] == ["$request.header.Authorization"]
    assert properties["AuthorizerResultTtlInSeconds"] == 60
    for route in routes(with_tokens):
        assert route.properties["AuthorizationType"] == "CUSTOM"
        assert route.properties["AuthorizerId"] == {"Ref": authorizer.id}


def test_a_removed_key_ends_within_five_minutes_in_both_caches_together(prod: Template) -> None:
    (authorizer,) = prod.of_api(prod.http_api, "Authorizer")
    answers_ms = authorizer.properties["AuthorizerResultTtlInSeconds"] * 1000
    assert CACHE_TTL_MS + answers_ms <= 5 * 60 * 1000


def test_where_tokens_are_optional_the_authorizer_is_asked_by_every_request(
    context: Mapping[str, str], tmp_path: Path
) -> None:
    template = synthesised_stage(replace(DEV, auth="optional"), context, tmp_path)
    (authorizer,) = template.of_api(template.http_api, "Authorizer")
    assert authorizer.properties["IdentitySource"] == []
    assert authorizer.properties["AuthorizerResultTtlInSeconds"] == 0
    assert authorizer.properties["EnableSimpleResponses"] is True


def test_where_tokens_are_off_no_route_has_an_authorizer(without_tokens: Template) -> None:
    assert without_tokens.of_api(without_tokens.http_api, "Authorizer") == []
    for route in routes(without_tokens):
        assert route.properties.get("AuthorizationType", "NONE") == "NONE"


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_base_address_on_aws_ends_with_the_stage(
    templates: dict[str, Template], stage: str
) -> None:
    address = f"https://<http api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/{stage}"
    assert templates[stage].outputs["HttpEndpointURL"] == address


def test_the_base_address_of_the_emulated_stage_stays_the_same(local: Template) -> None:
    path = "4566/_aws/execute-api/<http api>/local"
    assert local.outputs["HttpEndpointURL"] == f"http://localhost:{path}"
    assert local.http_api.properties["Tags"]["ms-custom-id"] == "notify-http"


def test_an_access_log_line_is_json_without_personal_data_and_quotes_come_last(
    template: Template, auth: str
) -> None:
    settings = template.stage_of(template.http_api).properties["AccessLogSettings"]
    line = json.loads(re.sub(r"\$context[\w.]+", "-", settings["Format"]))
    assert set(line.values()) == {"-"}
    line = json.loads(settings["Format"])
    assert {"requestId", "routeKey", "status", "errorType", "responseLength"} <= set(line)
    texts = {
        **({} if auth == "off" else {"authorizerError": "$context.authorizer.error"}),
        "error": "$context.error.message",
        "integrationError": "$context.integrationErrorMessage",
    }
    assert list(line.items())[-len(texts) :] == list(texts.items())
    for value in line.values():
        assert value.startswith("$context.")
        for personal in ("identity", "query", "path", "header"):
            assert personal not in value
        # Any other variable of the authorizer is what a token says.
        assert "authorizer" not in value or value == "$context.authorizer.error"


def test_the_access_logs_of_the_two_apis_have_log_groups_of_their_own(template: Template) -> None:
    groups = set()
    for api in (template.websocket_api, template.http_api):
        settings = template.stage_of(api).properties["AccessLogSettings"]
        groups.add(settings["DestinationArn"]["Fn::Join"][1][-1]["Ref"])
    assert len(groups) == 2
