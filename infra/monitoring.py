"""The dashboard, and the metric and threshold of each alarm; their descriptions: alarms.py."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarms import Alarms
from infra.api import NotifyApi
from infra.functions import SERVICE
from infra.http_api import HttpApi
from infra.publishers import EventPublishers, PublishQueue
from infra.stages import Stage

_PERIOD: Final = Duration.minutes(5)
_TOKENS: Final = (
    *("TokensAccepted", "TokensRefused", "TokensDenied"),
    *("ConnectsWithoutToken", "PublishesWithoutToken"),
)
_ASKED: Final = ("Publishes", "Subscribes", "PollsWithNotifications", "FramesRefused")


class Monitoring(Construct):
    """The dashboard and the alarms of a stage; `functions` are by the prefix of their alarms."""

    def __init__(  # noqa: PLR0913 - what is watched
        self,
        scope: Construct,
        construct_id: str,
        stage: Stage,
        *,
        api: NotifyApi,
        http_api: HttpApi,
        functions: Mapping[str, lambda_.IFunction],
        authorizer: lambda_.IFunction | None,
        event_publishers: EventPublishers | None,
        publish_queue: PublishQueue | None,
    ) -> None:
        super().__init__(scope, construct_id)
        alarms = Alarms(self, "Alarms", notify=stage.alarms_notify)
        for name, function in functions.items():
            # A healthy function has neither: a handler answers errors, too.
            alarms.add(f"{name}Errors", function.metric_errors(period=_PERIOD), at=1)
            alarms.add(f"{name}Throttles", function.metric_throttles(period=_PERIOD), at=1)
        if authorizer:
            # Not its Lambda errors: rejecting a token is one, and anybody can send a bad token.
            failures = self._sum("AuthorizerFailures")
            alarms.add("AuthorizerFailures", failures, at=1)
            throttles = authorizer.metric_throttles(period=_PERIOD)
            alarms.add("AuthorizerThrottles", throttles, at=1)
            if not stage.emulated:  # the local AWS refuses alarms on metric math
                # Two periods: in the newest, some rejections are not counted yet.
                alarms.add("AuthorizerErrors", self._crashes(authorizer), at=2, periods=2)
        # A single one is one AWS call that failed; the client was told to retry.
        alarms.add("InternalErrors", self._sum("InternalErrors"), at=5)
        alarms.add("PostsFailed", self._sum("PostsFailed"), at=5)
        # A post is retried for 3 seconds: longer publishes wait for more than one slow post.
        alarms.add("PublishLatency", self._own("PublishLatency", "p99"), at=3000, periods=3)
        alarms.add("ExecutionErrors", api.metric("ExecutionError", statistic="Sum"), at=5)
        alarms.add("HttpServerErrors", http_api.metric("5xx", statistic="Sum"), at=5)
        if not stage.emulated:
            alarms.add("ClientErrors", _rejected_share(api), at=10, periods=3)
            alarms.add("HttpClientErrors", _refused_share(http_api), at=10, periods=3)

        if event_publishers:
            alarms.add("EventDeadLetters", _waiting(event_publishers.dead_letters), at=1)
        if publish_queue:
            alarms.add("QueueDeadLetters", _waiting(publish_queue.dead_letters), at=1)
            oldest = publish_queue.queue.metric_approximate_age_of_oldest_message(period=_PERIOD)
            # A message that fails counts until it has come three times, so for 348 seconds:
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
            alarms.add("QueueDelay", oldest, at=600)

        timed = {**functions, **({"Authorizer": authorizer} if authorizer else {})}
        dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.hours(3))
        dashboard.add_widgets(
            cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms.all, width=24)
        )
        dashboard.add_widgets(
            _graph(
                "Publish latency (ms)",
                *(self._own("PublishLatency", statistic) for statistic in ("p50", "p90", "p99")),
            ),
            _graph("Posts", *map(self._sum, ("PostsAccepted", "PostsGone", "PostsFailed"))),
            _graph("Frames and requests", *map(self._sum, _ASKED)),
        )
        dashboard.add_widgets(
            _graph(
                "Clients",
                api.metric("ConnectCount", statistic="Sum"),
                api.metric("MessageCount", statistic="Sum"),
                *map(self._sum, _TOKENS if authorizer else ()),
            ),
            _graph(
                "Function duration p99 (ms)",
                *(f.metric_duration(statistic="p99", label=n) for n, f in timed.items()),
            ),
            _graph(
                "Failures",
                self._sum("InternalErrors"),
                *(
                    (self._sum("AuthorizerFailures"), self._crashes(authorizer))
                    if authorizer
                    else ()
                ),
                api.metric("ExecutionError", statistic="Sum"),
                *(f.metric_errors(label=f"{n} errors") for n, f in functions.items()),
            ),
        )
        dashboard.add_widgets(
            _graph(
                "Rejected",
                api.metric("ClientError", statistic="Sum"),
                api.metric("IntegrationError", statistic="Sum"),
                self._sum("OriginsRefused"),
            ),
            _graph(
                "HTTPS",
                *(http_api.metric(name, statistic="Sum") for name in ("Count", "4xx", "5xx")),
            ),
            _graph(
                "HTTPS latency (ms)",
                *(http_api.metric("Latency", statistic=each) for each in ("p50", "p99")),
            ),
        )
        CfnOutput(self, "DashboardName", value=dashboard.dashboard_name).override_logical_id(
            "DashboardName"
        )

    def _crashes(self, authorizer: lambda_.IFunction) -> cloudwatch.MathExpression:
        """Return the errors that the authorizer did not count itself: crashes and timeouts.

        Lambda dates an error when its invocation starts, the authorizer a rejection when it ends:
        under a steady rate, those that cross the end of a period count in the next one. One
        hundredth of a period is 3 seconds. Its counts arrive later, by the log. Sources, in AWS's
        guides of Lambda and of CloudWatch: monitoring-metrics-types,
        CloudWatch_Embedded_Metric_Format_Alarms.
        """
        return cloudwatch.MathExpression(
            label="Authorizer errors other than rejected tokens",
            expression="errors - 1.01 * FILL(refused, 0) - FILL(failures, 0)",
            using_metrics={
                "errors": authorizer.metric_errors(period=_PERIOD),
                "refused": self._sum("TokensRefused"),
                "failures": self._sum("AuthorizerFailures"),
            },
            period=_PERIOD,
        )

    def _own(self, name: str, statistic: str) -> cloudwatch.Metric:
        """Return a metric that the handlers write; Powertools adds its one dimension."""
        return cloudwatch.Metric(
            namespace=Stack.of(self).stack_name,
            metric_name=name,
            dimensions_map={"service": SERVICE},
            statistic=statistic,
            period=_PERIOD,
        )

    def _sum(self, name: str) -> cloudwatch.Metric:
        return self._own(name, "Sum")


def _rejected_share(api: NotifyApi) -> cloudwatch.MathExpression:
    """Return the share of requests that API Gateway rejected itself, in per cent.

    It is 0 below 50 rejections, so that a lone scanner raises no alarm. 4xx count as ClientError:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
    Whether a rejected message is in MessageCount as well is not documented there: rejections are
    added to the total, so that the share exists where every handshake is rejected.
    """
    return cloudwatch.MathExpression(
        label="Rejected by API Gateway (%)",
        expression=(
            "IF(refused < 50, 0, 100 * refused / (refused + FILL(connects, 0) + FILL(messages, 0)))"
        ),
        using_metrics={
            "refused": api.metric("ClientError", statistic="Sum"),
            "connects": api.metric("ConnectCount", statistic="Sum"),
            "messages": api.metric("MessageCount", statistic="Sum"),
        },
        period=_PERIOD,
    )


def _refused_share(http_api: HttpApi) -> cloudwatch.MathExpression:
    """Return the share of requests over HTTPS that were answered with 4xx, in per cent.

    By API Gateway or by the function; 0 below 50, so that a lone scanner raises no alarm. `Count`
    is of all requests: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    """
    return cloudwatch.MathExpression(
        label="Refused over HTTPS (%)",
        expression="IF(refused < 50, 0, 100 * refused / requests)",
        using_metrics={
            "refused": http_api.metric("4xx", statistic="Sum"),
            "requests": http_api.metric("Count", statistic="Sum"),
        },
        period=_PERIOD,
    )


def _waiting(queue: sqs.IQueue) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(period=_PERIOD)


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
