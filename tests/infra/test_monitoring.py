import ast
import json
from itertools import pairwise
from typing import Any

import pytest

from infra.alarms import RUNBOOK
from tests.infra.conftest import ROOT
from tests.infra.templates import Resource, Template

OWN = [{"Name": "service", "Value": "ottu-ws-notify"}]
FUNCTIONS = ("Connect", "Default", "Disconnect")
OF_THE_AUTHORIZER = {"AuthorizerErrors", "AuthorizerFailures", "AuthorizerThrottles"}
OF_PUBLISHERS = {"EventDeadLetters", "QueueDeadLetters", "QueueDelay"}
NOT_EMULATED = {"AuthorizerErrors", "ClientErrors", "HttpClientErrors"}


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    names = {text: name for name, text in RUNBOOK.items()}
    found = template.all("AWS::CloudWatch::Alarm")
    return {names[alarm.properties["AlarmDescription"]]: alarm.properties for alarm in found}


def test_every_alarm_has_its_description_in_the_runbook_and_no_description_is_left(
    template: Template, stage: str, auth: str
) -> None:
    assert len(set(RUNBOOK.values())) == len(RUNBOOK)
    expected = set(RUNBOOK) - (OF_THE_AUTHORIZER if auth == "off" else set())
    expected -= NOT_EMULATED if stage == "local" else OF_PUBLISHERS
    assert set(alarms(template)) == expected
    assert len(template.all("AWS::CloudWatch::Alarm")) == len(expected)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("failure", ["Errors", "Throttles"])
def test_one_error_or_throttle_of_a_function_raises_its_alarm(
    template: Template, name: str, failure: str
) -> None:
    alarm = alarms(template)[f"{name}{failure}"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", failure)
    (dimension,) = alarm["Dimensions"]
    assert dimension == {
        "Name": "FunctionName",
        "Value": {"Ref": template.function(name.lower()).id},
    }
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)


def test_a_failure_or_throttle_of_the_authorizer_raises_an_alarm_and_a_rejected_token_does_not(
    with_tokens: Template,
) -> None:
    found = alarms(with_tokens)
    failures, throttles = found["AuthorizerFailures"], found["AuthorizerThrottles"]
    assert failures["MetricName"] == "AuthorizerFailures"
    assert failures["Namespace"].startswith("OttuWsNotify-")
    assert failures["Dimensions"] == OWN
    assert (failures["Statistic"], failures["Threshold"]) == ("Sum", 1)
    of_the_function = {"Ref": with_tokens.function("authorizer").id}
    plain = [alarm for alarm in found.values() if "MetricName" in alarm]
    watched = [
        alarm["MetricName"]
        for alarm in plain
        if of_the_function in (dimension["Value"] for dimension in alarm["Dimensions"])
    ]
    assert watched == [throttles["MetricName"]] == ["Throttles"]  # its Errors are refusals, too
    assert (throttles["Statistic"], throttles["Threshold"]) == ("Sum", 1)
    assert "TokensRefused" not in {alarm["MetricName"] for alarm in plain}


def test_the_alarm_for_authorizer_crashes_subtracts_rejected_tokens_and_failures(
    prod: Template,
) -> None:
    alarm = alarms(prod)["AuthorizerErrors"]
    metrics = {one["Id"]: one for one in alarm["Metrics"]}
    (expression,) = [one["Expression"] for one in metrics.values() if "Expression" in one]
    assert expression == "errors - 1.01 * FILL(refused, 0) - FILL(failures, 0)"
    names = {
        id_: one["MetricStat"]["Metric"]["MetricName"]
        for id_, one in metrics.items()
        if "MetricStat" in one
    }
    assert names == {
        "errors": "Errors",
        "refused": "TokensRefused",
        "failures": "AuthorizerFailures",
    }
    (dimension,) = metrics["errors"]["MetricStat"]["Metric"]["Dimensions"]
    assert dimension["Value"] == {"Ref": prod.function("authorizer").id}
    for counted in ("refused", "failures"):
        assert metrics[counted]["MetricStat"]["Metric"]["Namespace"] == "OttuWsNotify-prod"
        assert metrics[counted]["MetricStat"]["Metric"]["Dimensions"] == OWN
    assert {one["MetricStat"]["Stat"] for one in metrics.values() if "MetricStat" in one} == {"Sum"}
    assert alarm["Threshold"] == 2


def test_the_alarm_for_authorizer_crashes_takes_two_periods_since_rejections_are_counted_late(
    prod: Template,
) -> None:
    alarm = alarms(prod)["AuthorizerErrors"]
    assert alarm["EvaluationPeriods"] == 2
    assert "DatapointsToAlarm" not in alarm  # both of them


@pytest.mark.parametrize("name", ["InternalErrors", "PostsFailed"])
def test_five_failures_that_the_handlers_count_raise_an_alarm(
    template: Template, stage: str, name: str
) -> None:
    alarm = alarms(template)[name]
    assert (alarm["Namespace"], alarm["MetricName"]) == (f"OttuWsNotify-{stage}", name)
    assert alarm["Dimensions"] == OWN
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 5)


def test_slow_publishes_raise_an_alarm_after_three_periods(template: Template, stage: str) -> None:
    alarm = alarms(template)["PublishLatency"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (
        f"OttuWsNotify-{stage}",
        "PublishLatency",
    )
    assert alarm["Dimensions"] == OWN
    assert (alarm["ExtendedStatistic"], alarm["Threshold"]) == ("p99", 3000)
    assert alarm["EvaluationPeriods"] == 3


def test_execution_errors_of_the_api_raise_an_alarm(template: Template, stage: str) -> None:
    alarm = alarms(template)["ExecutionErrors"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApiGateway", "ExecutionError")
    dimensions = {d["Name"]: template.text(d["Value"]) for d in alarm["Dimensions"]}
    assert dimensions == {"ApiId": "<api>", "Stage": stage}


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_tenth_of_requests_rejected_by_api_gateway_raises_an_alarm_after_three_periods(
    templates: dict[str, Template], stage: str
) -> None:
    template = templates[stage]
    alarm = alarms(template)["ClientErrors"]
    metrics = {one["Id"]: one for one in alarm["Metrics"]}
    (expression,) = [one["Expression"] for one in metrics.values() if "Expression" in one]
    assert expression == (
        "IF(refused < 50, 0, 100 * refused / (refused + FILL(connects, 0) + FILL(messages, 0)))"
    )
    counted = {
        id_: one["MetricStat"]["Metric"] for id_, one in metrics.items() if "MetricStat" in one
    }
    assert {id_: metric["MetricName"] for id_, metric in counted.items()} == {
        "refused": "ClientError",
        "connects": "ConnectCount",
        "messages": "MessageCount",
    }
    for metric in counted.values():
        assert metric["Namespace"] == "AWS/ApiGateway"
        dimensions = {d["Name"]: template.text(d["Value"]) for d in metric["Dimensions"]}
        assert dimensions == {"ApiId": "<api>", "Stage": stage}
    assert {one["MetricStat"]["Stat"] for one in metrics.values() if "MetricStat" in one} == {"Sum"}
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (10, 3)


def test_server_errors_over_https_raise_an_alarm(template: Template, stage: str) -> None:
    alarm = alarms(template)["HttpServerErrors"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApiGateway", "5xx")
    dimensions = {d["Name"]: template.text(d["Value"]) for d in alarm["Dimensions"]}
    assert dimensions == {"ApiId": "<http api>", "Stage": stage}
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 5)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_tenth_of_requests_refused_over_https_raises_an_alarm_after_three_periods(
    templates: dict[str, Template], stage: str
) -> None:
    template = templates[stage]
    alarm = alarms(template)["HttpClientErrors"]
    metrics = {one["Id"]: one for one in alarm["Metrics"]}
    (expression,) = [one["Expression"] for one in metrics.values() if "Expression" in one]
    assert expression == "IF(refused < 50, 0, 100 * refused / requests)"
    counted = {
        id_: one["MetricStat"]["Metric"] for id_, one in metrics.items() if "MetricStat" in one
    }
    names = {id_: metric["MetricName"] for id_, metric in counted.items()}
    assert names == {"refused": "4xx", "requests": "Count"}
    for metric in counted.values():
        dimensions = {d["Name"]: template.text(d["Value"]) for d in metric["Dimensions"]}
        assert dimensions == {"ApiId": "<http api>", "Stage": stage}
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (10, 3)


def test_missing_data_raises_no_alarm_and_the_emulated_stage_uses_no_metric_math(
    template: Template, stage: str
) -> None:
    for alarm in alarms(template).values():
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert stage != "local" or "Metrics" not in alarm  # the local AWS refuses it
        stats = [one["MetricStat"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
        assert {one["Period"] for one in stats or [alarm]} == {300}


def test_alarms_of_prod_notify_a_topic(prod: Template) -> None:
    topic = prod.one("AWS::SNS::Topic")
    for alarm in alarms(prod).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic.id}]
    assert prod.outputs["AlarmTopicArn"] == "<AWS::SNS::Topic>"
    assert "KmsMasterKeyId" not in topic.properties  # CloudWatch may not use aws/sns


def test_the_topic_accepts_only_alarms_of_the_account_over_ssl(prod: Template) -> None:
    statements = statements_of(prod.one("AWS::SNS::TopicPolicy"))
    allowed = [s for s in statements if s["Effect"] == "Allow"]
    denied = [s for s in statements if s["Effect"] == "Deny"]
    (publish,) = allowed
    assert publish["Action"] == "sns:Publish"
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    (insecure,) = denied
    assert insecure["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statements) == len(allowed) + len(denied)


def statements_of(policy: Resource) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = policy.properties["PolicyDocument"]["Statement"]
    return found


def test_alarms_outside_prod_notify_nobody(local: Template, dev: Template) -> None:
    for template in (local, dev):
        assert template.all("AWS::SNS::Topic") == []
        for alarm in alarms(template).values():
            assert "AlarmActions" not in alarm


def dashboard(template: Template) -> list[dict[str, Any]]:
    """Return the widgets; what is known only at deployment is `?` in them."""
    parts = template.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "?" for part in parts)
    widgets: list[dict[str, Any]] = json.loads(text)["widgets"]
    return widgets


def graphed(template: Template) -> set[tuple[str, str]]:
    """Every (namespace, metric) on the dashboard."""
    rows = [row for w in dashboard(template) for row in w["properties"].get("metrics", [])]
    return {(row[0], row[1]) for row in rows if isinstance(row[0], str)}


def alarmed(template: Template) -> set[tuple[str, str]]:
    """Every (namespace, metric) that an alarm watches."""
    found = list(alarms(template).values())
    math = [
        one["MetricStat"]["Metric"]
        for a in found
        for one in a.get("Metrics", [])
        if "MetricStat" in one
    ]
    return {
        (m["Namespace"], m["MetricName"]) for m in (*math, *(a for a in found if "MetricName" in a))
    }


def emitted() -> set[str]:
    """Every metric that a handler adds, by the literal name that it must have."""
    names = set()
    for path in sorted((ROOT / "lambdas").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in {"log_metrics", "single_metric"}, path
                if node.func.attr == "add_metric":
                    assert isinstance(node.args[0], ast.Constant), path
                    names.add(str(node.args[0].value))
    return names


def test_the_metrics_of_handlers_are_exactly_those_on_the_dashboard_or_under_alarm(
    prod: Template,
) -> None:
    looked_at = {name for of, name in graphed(prod) | alarmed(prod) if of == "OttuWsNotify-prod"}
    assert looked_at == emitted()


def test_the_dashboard_shows_every_alarm_and_the_metrics_of_api_gateway(template: Template) -> None:
    shown = {name for of, name in graphed(template) if of == "AWS/ApiGateway"}
    assert shown == {
        *("ConnectCount", "MessageCount"),
        *("ClientError", "IntegrationError", "ExecutionError"),
        *("Count", "4xx", "5xx", "Latency"),
    }
    body = json.dumps(template.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"])
    for alarm in template.all("AWS::CloudWatch::Alarm"):
        assert alarm.id in body


def test_the_dashboard_shows_token_metrics_only_with_auth(
    template: Template, stage: str, auth: str
) -> None:
    of_tokens = {
        *("TokensAccepted", "TokensRefused", "TokensDenied"),
        *("ConnectsWithoutToken", "PublishesWithoutToken", "AuthorizerFailures"),
    }
    shown = {name for of, name in graphed(template) if of == f"OttuWsNotify-{stage}"}
    assert shown & of_tokens == (set() if auth == "off" else of_tokens)
    crashes = "Authorizer errors other than rejected tokens"
    assert (crashes in json.dumps(dashboard(template))) == (auth != "off")


def test_the_dashboard_shows_the_duration_of_each_function(template: Template) -> None:
    parts = template.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"]["Fn::Join"][1]
    timed = {
        function["Ref"]
        for before, function in pairwise(parts)
        if str(before).endswith('"Duration","FunctionName","')
    }
    assert timed == {function.id for function in template.functions.values()}
