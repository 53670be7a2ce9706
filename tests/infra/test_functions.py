import pytest

from tests.infra.templates import Template

NAMES = ("connect", "default", "disconnect")
SERVICE = {"POWERTOOLS_SERVICE_NAME": "ottu-ws-notify"}
STORAGE = {
    "CONNECTIONS_TABLE": "<connections>",
    "LEDGER_TABLE": "<ledger>",
    "RETENTION_SECONDS": "3600",
}


def environment(template: Template, name: str) -> dict[str, str]:
    variables = template.function(name).properties["Environment"]["Variables"]
    return {key: template.text(value) for key, value in variables.items()}


def test_there_are_three_functions_and_no_other(template: Template) -> None:
    assert len(template.all("AWS::Lambda::Function")) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_runs_on_python_3_13_and_arm_traced_with_json_logs(
    template: Template, name: str
) -> None:
    properties = template.function(name).properties
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["TracingConfig"] == {"Mode": "Active"}
    assert properties["LoggingConfig"]["LogFormat"] == "JSON"
    assert "FunctionName" not in properties


@pytest.mark.parametrize("name", NAMES)
def test_the_functions_share_one_asset_and_one_layer(template: Template, name: str) -> None:
    properties = template.function(name).properties
    layer = template.one("AWS::Lambda::LayerVersion")
    assert properties["Layers"] == [{"Ref": layer.id}]
    assert properties["Code"] == template.function("default").properties["Code"]


def test_default_has_a_whole_cpu_and_the_time_that_api_gateway_grants(template: Template) -> None:
    properties = template.function("default").properties
    assert (properties["MemorySize"], properties["Timeout"]) == (1769, 29)


@pytest.mark.parametrize("name", ["connect", "disconnect"])
def test_connect_and_disconnect_are_small(template: Template, name: str) -> None:
    properties = template.function(name).properties
    assert (properties["MemorySize"], properties["Timeout"]) == (512, 10)


def test_connect_is_told_the_allowed_origins_and_nothing_of_the_tables(
    template: Template, stage: str
) -> None:
    namespace = {"POWERTOOLS_METRICS_NAMESPACE": f"OttuWsNotify-{stage}"}
    assert environment(template, "connect") == {**SERVICE, **namespace, "ALLOWED_ORIGINS": ""}


def test_disconnect_is_told_the_tables(template: Template, stage: str) -> None:
    namespace = {"POWERTOOLS_METRICS_NAMESPACE": f"OttuWsNotify-{stage}"}
    assert environment(template, "disconnect") == {**SERVICE, **namespace, **STORAGE}


def test_default_is_told_the_tables_and_where_to_post(template: Template, stage: str) -> None:
    namespace = {"POWERTOOLS_METRICS_NAMESPACE": f"OttuWsNotify-{stage}"}
    address = {
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": template.outputs["ConnectionsEndpointURL"]
    }
    expected = {**SERVICE, **namespace, **STORAGE, **address}
    assert environment(template, "default") == expected


@pytest.mark.parametrize(("stage", "days"), [("local", 1), ("dev", 7), ("prod", 90)])
def test_logs_are_kept_as_long_as_the_stage_says(
    templates: dict[str, Template], stage: str, days: int
) -> None:
    groups = templates[stage].all("AWS::Logs::LogGroup")
    assert len(groups) == len(NAMES) + 1  # and the access logs
    for group in groups:
        assert group.properties["RetentionInDays"] == days
        assert group.body["DeletionPolicy"] == ("Retain" if stage == "prod" else "Delete")


def test_each_function_has_its_own_log_group(template: Template) -> None:
    groups = {template.log_group_of(template.function(name)).id for name in NAMES}
    assert len(groups) == len(NAMES)
