"""A stage with event rules and a publish queue: what invokes `default`, and what keeps failures."""

import json
import re
from typing import Any

import pytest

from infra.event_rules import REQUIRED, EventRule
from infra.stages import DEV, LOCAL, PROD
from tests.infra.conftest import OF_ANOTHER_BUS, ROOT
from tests.infra.templates import Resource, Template
from tests.infra.test_monitoring import alarms

HOUR = 3600
TIMEOUT = 29


@pytest.fixture
def rules(everything_on: Template) -> list[dict[str, Any]]:
    """The rules with a pattern, in the order in which they are listed."""
    found = [rule.properties for rule in everything_on.all("AWS::Events::Rule")]
    return [rule for rule in found if "EventPattern" in rule]


def target_of(rule: dict[str, Any]) -> dict[str, Any]:
    (target,) = rule["Targets"]
    assert isinstance(target, dict)
    return target


def test_no_stage_on_aws_has_publishers_by_default(dev: Template, prod: Template) -> None:
    assert not any(stage.event_rules or stage.publish_queue for stage in (DEV, PROD))
    for template in (dev, prod):
        assert template.queues == {}
        for kind in ("EventSourceMapping", "EventInvokeConfig"):
            assert template.all(f"AWS::Lambda::{kind}") == []


# -- event rules


def test_a_rule_matches_its_pattern_on_its_bus(rules: list[dict[str, Any]]) -> None:
    settled, ready = rules
    assert settled["EventPattern"] == LOCAL.event_rules[0].pattern
    assert settled["EventBusName"] == "default"
    assert ready["EventPattern"] == OF_ANOTHER_BUS.pattern
    assert ready["EventBusName"] == "reports"


def test_a_rule_wraps_the_publish_with_the_events_id_and_variables_outside_of_quotes(
    everything_on: Template, rules: list[dict[str, Any]]
) -> None:
    settled = target_of(rules[0])
    assert everything_on.text(settled["Arn"]) == "<default.Arn>"
    transformer = settled["InputTransformer"]
    paths = transformer["InputPathsMap"]
    assert paths["id"] == "$.id"
    assert set(paths.values()) == {
        "$.id",
        *(f"$.detail.{name}" for name in ("merchant", "order", "status", "text", "amount")),
    }
    # What EventBridge makes of it: each variable becomes a JSON value, a text with its quotes.
    text = transformer["InputTemplate"]
    for name, path in paths.items():
        assert f'"<{name}>"' not in text
        text = text.replace(f"<{name}>", json.dumps(path))
    assert json.loads(text) == {"publish": {"id": "$.id", **LOCAL.event_rules[0].publish}}


def test_a_text_that_begins_as_a_path_is_one_at_any_depth_and_an_id_of_the_rules_own_stays(
    rules: list[dict[str, Any]],
) -> None:
    transformer = target_of(rules[1])["InputTransformer"]
    paths = {f"$.detail.{name}" for name in ("key", "report", "url")}
    assert set(transformer["InputPathsMap"].values()) == paths
    text = transformer["InputTemplate"]
    assert '"id":<detail-key>' in text
    assert '"message":"$ready","pages":3,"links":[{"url":<detail-url>,"text":"pdf"}]' in text


def test_what_a_rule_cannot_deliver_for_an_hour_is_kept_and_only_rules_may_send_it_there(
    everything_on: Template, rules: list[dict[str, Any]]
) -> None:
    for rule in rules:
        target = target_of(rule)
        arn = everything_on.text(target["DeadLetterConfig"]["Arn"])
        assert arn == "<event dead letters.Arn>"
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": HOUR}
    allowed = [s for s in statements(everything_on, "event dead letters") if s["Effect"] == "Allow"]
    assert len(allowed) == len(rules)
    for statement in allowed:
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert statement["Action"] == "sqs:SendMessage"
        ((operator, condition),) = statement["Condition"].items()
        assert operator == "ArnEquals"
        assert everything_on.text(condition["aws:SourceArn"]) == "<AWS::Events::Rule.Arn>"


def test_an_event_that_the_function_fails_to_publish_three_times_is_kept_in_the_same_queue(
    everything_on: Template,
) -> None:
    config = everything_on.one("AWS::Lambda::EventInvokeConfig").properties
    assert everything_on.text(config["FunctionName"]) == "<default>"
    assert config["Qualifier"] == "$LATEST"
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, HOUR)
    (kind,) = config["DestinationConfig"]
    assert kind == "OnFailure"
    destination = config["DestinationConfig"]["OnFailure"]["Destination"]
    assert everything_on.text(destination) == "<event dead letters.Arn>"
    permissions = everything_on.permissions(everything_on.function("default"))
    assert ("sqs:SendMessage", "<event dead letters.Arn>") in permissions


def test_a_rule_needs_every_required_field_of_a_publish() -> None:
    schema = json.loads((ROOT / "lambdas/layer/protocol/schema.json").read_text())
    assert set(REQUIRED) == set(schema["definitions"]["publish"]["required"]) - {"client"}
    publish = dict(LOCAL.event_rules[0].publish)
    del publish["ref"], publish["type"]
    with pytest.raises(ValueError, match=r"^event rule Paid: publish lacks ref, type$"):
        EventRule(name="Paid", pattern={}, publish=publish)


@pytest.mark.parametrize("name", ["", "payment settled", "a-b"])
def test_a_rule_whose_name_is_no_identifier_is_rejected(name: str) -> None:
    with pytest.raises(ValueError, match="name it in letters and digits"):
        EventRule(name=name, pattern={}, publish=LOCAL.event_rules[0].publish)


@pytest.mark.parametrize("field", ["detailtype", "$or", "detail_type"])
def test_a_pattern_of_what_no_event_has_is_rejected_with_what_it_has(field: str) -> None:
    with pytest.raises(ValueError, match=rf"^event rule Paid: pattern has {re.escape(field)}, an"):
        EventRule(name="Paid", pattern={field: ["a"]}, publish=LOCAL.event_rules[0].publish)


@pytest.mark.parametrize("where", ["pattern", "publish"])
def test_a_null_is_rejected_since_cdk_would_leave_it_out(where: str) -> None:
    publish = dict(LOCAL.event_rules[0].publish)
    parts: dict[str, Any] = {"pattern": {"detail": {"order": ["1"]}}, "publish": publish}
    parts[where] = {**parts[where], "detail": {"more": [1, None]}}
    with pytest.raises(ValueError, match="leave None out"):
        EventRule(name="Paid", **parts)


# -- the publish queue


@pytest.fixture
def queue(everything_on: Template) -> Resource:
    return everything_on.queues["publish queue"]


def test_a_message_has_six_times_the_functions_timeout_and_five_attempts(
    everything_on: Template, queue: Resource
) -> None:
    assert everything_on.function("default").properties["Timeout"] == TIMEOUT
    assert queue.properties["VisibilityTimeout"] == 6 * TIMEOUT
    redrive = queue.properties["RedrivePolicy"]
    assert everything_on.text(redrive["deadLetterTargetArn"]) == "<queue dead letters.Arn>"
    assert redrive["maxReceiveCount"] == 5
    assert "FifoQueue" not in queue.properties


def test_messages_come_one_by_one_ten_at_once_and_only_those_that_were_published_are_deleted(
    everything_on: Template,
) -> None:
    mapping = everything_on.one("AWS::Lambda::EventSourceMapping").properties
    assert everything_on.text(mapping["EventSourceArn"]) == "<publish queue.Arn>"
    assert everything_on.text(mapping["FunctionName"]) == "<default>"
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 10}


# -- all queues


def statements(template: Template, name: str) -> list[dict[str, Any]]:
    """Return what the policy of a queue allows and denies."""
    queue = {"Ref": template.queues[name].id}
    (policy,) = (
        policy.properties
        for policy in template.all("AWS::SQS::QueuePolicy")
        if queue in policy.properties["Queues"]
    )
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


@pytest.mark.parametrize("name", ["publish queue", "queue dead letters", "event dead letters"])
def test_a_queue_is_encrypted_and_refuses_what_comes_without_tls(
    everything_on: Template, name: str
) -> None:
    assert everything_on.queues[name].properties["SqsManagedSseEnabled"] is True
    (denied,) = (s for s in statements(everything_on, name) if s["Effect"] == "Deny")
    assert (denied["Action"], denied["Principal"]) == ("sqs:*", {"AWS": "*"})
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("name", ["queue dead letters", "event dead letters"])
def test_a_dead_letter_is_kept_for_as_long_as_sqs_can(everything_on: Template, name: str) -> None:
    properties = everything_on.queues[name].properties
    assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize(
    ("name", "queue", "metric", "at"),
    [
        ("EventDeadLetters", "event dead letters", "ApproximateNumberOfMessagesVisible", 1),
        ("QueueDeadLetters", "queue dead letters", "ApproximateNumberOfMessagesVisible", 1),
        ("QueueDelay", "publish queue", "ApproximateAgeOfOldestMessage", 600),
    ],
)
def test_one_dead_letter_or_a_queue_that_is_not_emptied_raises_its_alarm(
    everything_on: Template, name: str, queue: str, metric: str, at: int
) -> None:
    alarm = alarms(everything_on)[name]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", metric)
    (dimension,) = alarm["Dimensions"]
    assert dimension["Name"] == "QueueName"
    assert everything_on.text(dimension["Value"]) == f"<{queue}.QueueName>"
    assert (alarm["Statistic"], alarm["Threshold"], alarm["EvaluationPeriods"]) == (
        "Maximum",
        at,
        1,
    )


def test_a_message_that_fails_is_not_taken_for_a_queue_that_is_not_emptied(
    everything_on: Template, queue: Resource
) -> None:
    third_delivery = 2 * queue.properties["VisibilityTimeout"]
    assert alarms(everything_on)["QueueDelay"]["Threshold"] > third_delivery
