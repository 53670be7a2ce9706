"""What wakes a person: the alarms, a line of runbook each, and the topic that they are sent to.

`docs/runbook.md` says more about each by the same name. What is only worth a look is on the
dashboard (monitoring.py).
"""

from typing import Final

from aws_cdk import Aws, CfnOutput
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

RUNBOOK: Final = {
    "AuthorizerErrors": "Clients get 500 and cannot connect: the authorizer crashes or times out "
    "before it can count why. Read its log; if it began with a deployment, roll back.",
    "AuthorizerFailures": "Clients with good tokens cannot connect: the authorizer cannot read its "
    "keys. Its log has the cause; look at what the secret holds, and who changed it.",
    "AuthorizerThrottles": "Clients are turned away before connect: Lambda's concurrency is used "
    "up. See which function of the account uses it; ask for a higher quota.",
    "ClientErrors": "API Gateway turns away one request in ten itself: 429 where the rate of the "
    "stage or the account is used up. Refused handshakes may count there, too. Look at status and "
    "errorType in the access log.",
    "ConnectErrors": "Clients cannot connect: connect crashed or timed out. Read its log by the "
    "request id; if it began with a deployment, roll back.",
    "ConnectThrottles": "Clients are turned away at connect: Lambda's concurrency is used up. See "
    "which function of the account uses it; ask for a higher quota.",
    "DefaultErrors": "Frames go unanswered: default crashed or ran into its 29 seconds. Read its "
    "log by the request id; if it began with a deployment, roll back.",
    "DefaultThrottles": "Frames go unanswered: Lambda's concurrency is used up. See which function "
    "of the account uses it; ask for a higher quota. Publishers may retry with the same id.",
    "DisconnectErrors": "Ended connections are not forgotten at once; publishes and TTL clean up "
    "after it. No hurry: read disconnect's log by the request id.",
    "DisconnectThrottles": "Ended connections are not forgotten at once, and Lambda's concurrency "
    "is used up: connect and default suffer next. See which function uses it.",
    "InternalErrors": "Frames are answered internal_error: an AWS call keeps failing. The log has "
    "the cause by its request id; look for throttling or denied access, and at AWS's health page.",
    "PostsFailed": "Subscribers that are connected do not get notifications, even after retries. "
    "Look in default's log for the cause; late subscribers still get them from the ledger.",
    "PublishLatency": "One publish in a hundred takes over 3 seconds. Look at the dashboard for "
    "fan-out, throttling and default's duration: is one ref waited for by very many?",
    "ExecutionErrors": "API Gateway cannot call the functions. Look at integrationError in the "
    "access log; a permission or a function may have been changed by hand.",
}


class Alarms(Construct):
    """The alarms of a stage, made one by one with `add`. They notify only where asked to."""

    def __init__(self, scope: Construct, construct_id: str, *, notify: bool) -> None:
        super().__init__(scope, construct_id)
        self.all: list[cloudwatch.IAlarm] = []
        self._action = actions.SnsAction(_topic(self)) if notify else None

    def add(
        self,
        name: str,
        metric: cloudwatch.Metric | cloudwatch.MathExpression,
        *,
        at: float,
        periods: int = 1,
    ) -> None:
        """Alarm when `metric` reaches `at` in so many periods on end. `name` is one of RUNBOOK."""
        alarm = metric.create_alarm(
            self,
            name,
            alarm_description=RUNBOOK[name],
            threshold=at,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=periods,
            # At night no one publishes, and a metric without data is not an alarm.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if self._action:
            alarm.add_alarm_action(self._action)
            alarm.add_ok_action(self._action)
        self.all.append(alarm)


def _topic(scope: Construct) -> sns.Topic:
    # Not encrypted with aws/sns: CloudWatch may not use that key, and the alarms would get lost.
    # An alarm says nothing of merchants or their messages.
    topic = sns.Topic(scope, "Topic", enforce_ssl=True)
    # The SSL policy replaces SNS's default one, which had let the account's alarms publish.
    alarms = iam.ServicePrincipal("cloudwatch.amazonaws.com").with_conditions(
        {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
    )
    topic.grant_publish(alarms)
    CfnOutput(scope, "AlarmTopicArn", value=topic.topic_arn).override_logical_id("AlarmTopicArn")
    return topic
