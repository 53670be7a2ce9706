"""The functions: one construct, three uses. What a function may do is granted in stack.py."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.assets import functions_code
from infra.checks import acknowledge
from infra.stages import Stage

SERVICE: Final = "ottu-ws-notify"


class ServiceFunction(Construct):
    """A handler of `lambdas`, with its own role and its own log group.

    `environment` holds what this handler needs beyond the names of its service and metrics.
    """

    def __init__(  # noqa: PLR0913 - the three functions differ in exactly these
        self,
        scope: Construct,
        construct_id: str,
        stage: Stage,
        *,
        handler: str,
        description: str,
        layer: lambda_.ILayerVersion,
        memory_mb: int,
        timeout_seconds: int,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self, "Logs", retention=stage.log_retention, removal_policy=stage.removal_policy
        )
        self.role = _role(self, log_group, stage)
        self.timeout = Duration.seconds(timeout_seconds)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            code=functions_code(stage),
            handler=handler,
            layers=[layer],
            memory_size=memory_mb,
            timeout=self.timeout,
            environment={
                "POWERTOOLS_SERVICE_NAME": SERVICE,
                "POWERTOOLS_METRICS_NAMESPACE": Stack.of(self).stack_name,
                **environment,
            },
            # Without policy updates: CDK would put X-Ray's resource "*" among the service's own
            # permissions, where its acknowledgement would also cover a careless "*" of ours.
            role=self.role.without_policy_updates(),
            tracing=lambda_.Tracing.ACTIVE if stage.tracing else lambda_.Tracing.DISABLED,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
        )
        acknowledge(
            self.function,
            "AwsSolutions-L1",
            "Supported, and what the packages are resolved for; a newer one is its own change",
        )
        acknowledge(
            self.function,
            "cfn-lint::W3005",
            "CDK lets every function wait for its role and all of the role's policies",
        )


def _role(scope: Construct, log_group: logs.ILogGroup, stage: Stage) -> iam.Role:
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    iam.Policy(
        role,
        "Logging",
        roles=[role],
        statements=[
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log_group.log_group_arn],
            )
        ],
    )
    if stage.tracing:
        _grant_tracing(role)
    return role


def _grant_tracing(role: iam.Role) -> None:
    tracing = iam.Policy(
        role,
        "Tracing",
        roles=[role],
        statements=[
            iam.PolicyStatement(
                actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"]
            )
        ],
    )
    acknowledge(
        tracing,
        "AwsSolutions-IAM5[Resource::*]",
        "X-Ray's put actions know no resource: IAM accepts only * for them",
    )
