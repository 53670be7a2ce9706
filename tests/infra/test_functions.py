import pytest

from tests.infra.conftest import LOCAL_WITH_TOKENS
from tests.infra.templates import Template

NAMES = ("connect", "default", "disconnect")
AUTHORIZER = "authorizer"
SERVICE = {"POWERTOOLS_SERVICE_NAME": "ottu-ws-notify"}
STORAGE = {
    "CONNECTIONS_TABLE": "<connections>",
    "LEDGER_TABLE": "<ledger>",
    "RETENTION_SECONDS": "3600",
}


def environment(template: Template, name: str) -> dict[str, str]:
    variables = template.function(name).properties["Environment"]["Variables"]
    return {key: template.text(value) for key, value in variables.items()}


def address(stage: str, service: str) -> str:
    return "" if stage == "local" else f"https://{service}.<AWS::Region>.<AWS::URLSuffix>"


def without_empty(variables: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if value}


def test_there_are_three_functions_and_an_authorizer_only_with_auth(
    template: Template, auth: str
) -> None:
    expected = set(NAMES) if auth == "off" else {*NAMES, AUTHORIZER}
    assert set(template.functions) == expected


def test_every_function_runs_on_python_3_13_and_arm_with_json_logs(
    template: Template,
) -> None:
    for function in template.functions.values():
        properties = function.properties
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == ["arm64"]
        assert "TracingConfig" not in properties
        assert properties["LoggingConfig"]["LogFormat"] == "JSON"
        assert "FunctionName" not in properties


def test_the_functions_share_one_asset_and_one_layer(template: Template) -> None:
    layer = template.one("AWS::Lambda::LayerVersion")
    for function in template.functions.values():
        assert function.properties["Layers"] == [{"Ref": layer.id}]
        assert function.properties["Code"] == template.function("default").properties["Code"]


def test_default_has_a_whole_cpu_and_the_timeout_of_api_gateway(template: Template) -> None:
    properties = template.function("default").properties
    assert (properties["MemorySize"], properties["Timeout"]) == (1769, 29)


def test_the_other_functions_have_512_mb_and_10_seconds(template: Template) -> None:
    for name in set(template.functions) - {"default"}:
        properties = template.function(name).properties
        assert (properties["MemorySize"], properties["Timeout"]) == (512, 10)


def test_the_environment_of_connect_has_the_allowed_origins_and_no_table(
    template: Template, stage: str
) -> None:
    namespace = {"POWERTOOLS_METRICS_NAMESPACE": f"OttuWsNotify-{stage}"}
    assert environment(template, "connect") == {**SERVICE, **namespace, "ALLOWED_ORIGINS": ""}


def test_the_environment_of_disconnect_has_the_tables_and_their_endpoint(
    template: Template, stage: str
) -> None:
    assert environment(template, "disconnect") == without_empty(
        {
            **SERVICE,
            "POWERTOOLS_METRICS_NAMESPACE": f"OttuWsNotify-{stage}",
            **STORAGE,
            "AWS_ENDPOINT_URL_DYNAMODB": address(stage, "dynamodb"),
        }
    )


def test_the_environment_of_default_has_tables_connections_endpoint_auth_and_origins(
    template: Template, stage: str, auth: str
) -> None:
    expected = without_empty(
        {
            **SERVICE,
            "POWERTOOLS_METRICS_NAMESPACE": f"OttuWsNotify-{stage}",
            **STORAGE,
            "AUTH": auth,
            "CONNECTIONS_ENDPOINT_URL": template.outputs["ConnectionsEndpointURL"],
            "AWS_ENDPOINT_URL_DYNAMODB": address(stage, "dynamodb"),
        }
    )
    assert environment(template, "default") == {**expected, "ALLOWED_ORIGINS": ""}


@pytest.mark.parametrize("stage", ["prod", "local"])
def test_the_environment_of_the_authorizer_has_its_secret_and_no_table(
    templates: dict[str, Template], stage: str
) -> None:
    template = templates[LOCAL_WITH_TOKENS if stage == "local" else stage]
    assert environment(template, AUTHORIZER) == without_empty(
        {
            **SERVICE,
            "POWERTOOLS_METRICS_NAMESPACE": f"OttuWsNotify-{stage}",
            "AUTH": "required",
            "TOKEN_KEYS_SECRET": "<token keys>",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": address(stage, "secretsmanager"),
        }
    )


@pytest.mark.parametrize(("stage", "days"), [("local", 1), ("dev", 7), ("prod", 90)])
def test_logs_are_retained_for_the_days_of_the_stage(
    templates: dict[str, Template], stage: str, days: int
) -> None:
    groups = templates[stage].all("AWS::Logs::LogGroup")
    assert len(groups) == len(templates[stage].functions) + 2  # and the access logs
    for group in groups:
        assert group.properties["RetentionInDays"] == days
        assert group.body["DeletionPolicy"] == ("Retain" if stage == "prod" else "Delete")


def test_each_function_has_its_own_log_group(template: Template) -> None:
    groups = {template.log_group_of(function).id for function in template.functions.values()}
    assert len(groups) == len(template.functions)
