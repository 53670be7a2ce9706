"""AWS services that publish: rules on EventBridge, and a queue. What they cannot publish is kept.

They invoke the function with what `lambdas/layer/aws_events.py` reads.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aws_cdk import CfnOutput, Duration, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.checks import acknowledge
from infra.event_rules import EventRule, is_path
from infra.functions import ServiceFunction

_PUBLISHED_WITHIN: Final = Duration.hours(1)
"""By when an event is published, or given up: nobody waits for it any longer."""

_VISIBILITY_FACTOR: Final = 6
"""Of a queue's visibility timeout to its function's timeout, at least:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

_RECEIVES: Final = 5
"""Before a message goes to the dead-letter queue; the same source: at least so many."""

_CONCURRENCY: Final = 10
"""Messages that are published at once: the function also serves sockets and pages."""


class EventPublishers(Construct):
    """Rules that publish events, and the one queue that keeps those that were not published.

    EventBridge invokes the function asynchronously: for it, an event that Lambda has taken is
    delivered. So `dead_letters` has two sources: the rule, for what it cannot deliver to Lambda,
    and the function, for what it failed to publish three times, which holds for its every
    asynchronous invocation.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        rules: Iterable[EventRule],
        *,
        default: ServiceFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = _dead_letters(self)
        acknowledge(
            self.dead_letters,
            "AwsSolutions-SQS3",
            "Is a dead-letter queue itself, of rules and of a function rather than of a queue",
        )
        for each in rules:
            rule = events.Rule(
                self, each.name, event_pattern=_pattern(each.pattern), event_bus=_bus(self, each)
            )
            rule.add_target(
                targets.LambdaFunction(
                    default.function,
                    event=_input(each.template),
                    dead_letter_queue=self.dead_letters,
                    max_event_age=_PUBLISHED_WITHIN,
                )
            )
        default.function.configure_async_invoke(
            max_event_age=_PUBLISHED_WITHIN,
            retry_attempts=2,
            on_failure=destinations.SqsDestination(self.dead_letters),
        )
        _grant(default.role, self.dead_letters, "SendMessage")
        _output_url(self, "EventDeadLettersUrl", self.dead_letters)


class PublishQueue(Construct):
    """A queue whose messages are published, and the queue of those that never could be.

    A standard queue: the wire promises no order of two notifications. Messages come one by one, as
    one publish may take nearly the whole time of the function.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        default: ServiceFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = _dead_letters(self)
        self.queue = sqs.Queue(
            self,
            "Queue",
            visibility_timeout=Duration.seconds(_VISIBILITY_FACTOR * default.timeout.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=_RECEIVES
            ),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )
        _grant(default.role, self.queue, "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
        default.function.add_event_source_mapping(
            "PublishQueue",
            event_source_arn=self.queue.queue_arn,
            batch_size=1,
            report_batch_item_failures=True,
            max_concurrency=_CONCURRENCY,
        )
        _output_url(self, "PublishQueueUrl", self.queue)
        _output_url(self, "QueueDeadLettersUrl", self.dead_letters)


def _output_url(scope: Construct, name: str, queue: sqs.IQueue) -> None:
    CfnOutput(scope, name, value=queue.queue_url).override_logical_id(name)


def _dead_letters(scope: Construct) -> sqs.Queue:
    return sqs.Queue(
        scope,
        "DeadLetters",
        retention_period=Duration.days(14),  # the longest that SQS knows
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
    )


def _pattern(pattern: Mapping[str, Any]) -> events.EventPattern:
    fields: dict[str, Any] = {
        name.replace("-", "_"): value if name == "detail" else _values(value)
        for name, value in pattern.items()
    }
    return events.EventPattern(**fields)


def _values(values: list[Any]) -> list[Any]:
    # A token, where one is a matcher: by CDK's types a list beside `detail` holds texts alone.
    return Token.as_list(values) if any(isinstance(one, Mapping) for one in values) else values


def _bus(scope: Construct, rule: EventRule) -> events.IEventBus:
    # Both kinds of names go into the template as they are.
    return events.EventBus.from_event_bus_name(scope, f"{rule.name}Bus", rule.bus)


def _input(template: Mapping[str, Any]) -> events.RuleTargetInput:
    """Wrap the publish. CDK leaves the variables outside of quotes: EventBridge adds its own.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    return events.RuleTargetInput.from_object({"publish": _with_variables(template)})


def _with_variables(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _with_variables(part) for name, part in value.items()}
        case list() | tuple():
            return [_with_variables(part) for part in value]
        case _:
            return events.EventField.from_path(value) if is_path(value) else value


def _grant(role: iam.IRole, queue: sqs.IQueue, *actions: str) -> None:
    # Not queue.grant_*(): those also grant what a function does not need.
    iam.Grant.add_to_principal(
        grantee=role,
        actions=[f"sqs:{action}" for action in actions],
        resource_arns=[queue.queue_arn],
    ).assert_success()
