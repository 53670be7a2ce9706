"""The alarms, each with its description, and the topic that they notify.

`docs/runbook.md` has a section for each alarm. Metrics without an alarm are on the dashboard
(monitoring.py).
"""

from typing import Final

from aws_cdk import Aws, CfnOutput
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

RUNBOOK: Final = {
    "AuthorizerErrors": "Clients cannot connect and get 500: the authorizer crashes or times out. "
    "Read its log. If it began with a deployment, roll back.",
    "AuthorizerFailures": "Clients with valid tokens cannot connect: the authorizer cannot read "
    "its keys. Its log has the cause. Check the value of the secret, and who changed it.",
    "AuthorizerThrottles": "Clients cannot connect: Lambda throttles the authorizer, the "
    "account's concurrency is used up. Find the function that uses it, and request a higher "
    "quota.",
    "ClientErrors": "API Gateway rejects one request in ten itself: with 429 where the rate of "
    "the stage or of the account is exceeded. Rejected handshakes may count, too. Read status "
    "and errorType in the access log.",
    "ConnectErrors": "Clients cannot connect: connect crashes or times out. Read its log by "
    "request id. If it began with a deployment, roll back.",
    "ConnectThrottles": "Clients cannot connect: Lambda throttles connect, the account's "
    "concurrency is used up. Find the function that uses it, and request a higher quota.",
    "DefaultErrors": "Frames are not answered: default crashes or exceeds its 29 seconds. Read "
    "its log by request id. If it began with a deployment, roll back. PublishRefusedError and "
    "PublishFailedError are what another AWS service could not publish.",
    "DefaultThrottles": "Frames are not answered: Lambda throttles default, the account's "
    "concurrency is used up. Find the function that uses it, and request a higher quota. "
    "Publishers may retry with the same id.",
    "DisconnectErrors": "Rows of closed connections are deleted late: disconnect crashes or times "
    "out. Publishes and TTL delete them, so it is not urgent. Read the log of disconnect by "
    "request id.",
    "DisconnectThrottles": "Rows of closed connections are deleted late: Lambda throttles "
    "disconnect, the account's concurrency is used up. Find the function that uses it, before "
    "connect and default are throttled.",
    "EventDeadLetters": "Events of EventBridge were not published: they are in the queue that the "
    "output EventDeadLettersUrl names. Read errorMessage, or ERROR_CODE, of one, mend it, and "
    "publish them again.",
    "ExecutionErrors": "API Gateway cannot invoke the functions. Read integrationError in the "
    "access log. Check whether a permission or a function was changed by hand.",
    "HttpClientErrors": "One request over HTTPS in ten is refused: with 429 where the rate of a "
    "route or of the account is exceeded, 401 or 403 for tokens. Read routeKey, status and "
    "errorType in the HTTP API's access log.",
    "HttpServerErrors": "Requests over HTTPS get 5xx: default answers internal_error, crashes or "
    "exceeds its 29 seconds, or the authorizer fails. Read status, integrationError and "
    "authorizerError in the HTTP API's access log.",
    "InternalErrors": "Frames are answered with internal_error: an AWS call keeps failing. Read "
    "the log of default by request id. Look for throttling and denied access, and at the AWS "
    "Health Dashboard.",
    "PostsFailed": "Connected subscribers do not get notifications, even after retries. Read the "
    "reasons in the log of default. The next subscribe replays the notifications from the ledger.",
    "PublishLatency": "One publish in a hundred takes 3 seconds or longer. Look at the dashboard "
    "for throttling and the duration of default, and for a topic with very many subscribers.",
    "QueueDeadLetters": "Messages of the publish queue were not published: they are in the queue "
    "that the output QueueDeadLettersUrl names. Read the log of default by message_id, mend it, "
    "and move them back.",
    "QueueDelay": "Messages wait in the publish queue for 10 minutes or longer: more is sent than "
    "default publishes, or nothing takes them. Look at its duration and throttles. Check that its "
    "event source mapping is enabled.",
}


class Alarms(Construct):
    """The alarms of a stage, added one by one; with `notify` they publish to a topic."""

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
        """Alarm when `metric` reaches `at` in so many periods in a row; `name` is in RUNBOOK."""
        alarm = metric.create_alarm(
            self,
            name,
            alarm_description=RUNBOOK[name],
            threshold=at,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=periods,
            # At night nobody publishes: missing data must not raise an alarm.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if self._action:
            alarm.add_alarm_action(self._action)
            alarm.add_ok_action(self._action)
        self.all.append(alarm)


def _topic(scope: Construct) -> sns.Topic:
    # Not encrypted with aws/sns: CloudWatch may not use that key, and the alarms would get lost.
    # Alarms contain no merchant and no message.
    topic = sns.Topic(scope, "Topic", enforce_ssl=True)
    # The SSL policy replaces SNS's default policy, which lets the account's alarms publish.
    alarms = iam.ServicePrincipal("cloudwatch.amazonaws.com").with_conditions(
        {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
    )
    topic.grant_publish(alarms)
    CfnOutput(scope, "AlarmTopicArn", value=topic.topic_arn).override_logical_id("AlarmTopicArn")
    return topic
