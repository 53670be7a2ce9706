"""A schedule that keeps one execution environment of each function started, where a stage asks."""

from collections.abc import Iterable
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

# What `gateway.is_warm_up` of the functions looks for.
PAYLOAD: Final = {"warm": True}


class WarmUp(Construct):
    """One rule, which invokes each function every `minutes`.

    Of several clients at once only the first finds the started environment. A rule rather than a
    schedule of EventBridge Scheduler: it needs no role, and has up to 5 targets.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        minutes: int,
        functions: Iterable[lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        rule = events.Rule(self, "Rule", schedule=events.Schedule.rate(Duration.minutes(minutes)))
        for function in functions:
            rule.add_target(
                targets.LambdaFunction(
                    function,
                    event=events.RuleTargetInput.from_object(PAYLOAD),
                    retry_attempts=0,  # the next one comes soon
                )
            )
