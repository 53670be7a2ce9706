"""What one account and region has once, for all stages: API Gateway's role for logging.

`make bootstrap` deploys it where the account has none (tools/logging_role.py).
"""

from typing import Final

from aws_cdk import CfnOutput, RemovalPolicy, Stack, Tags
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.checks import acknowledge
from infra.functions import SERVICE

ACCOUNT: Final = "account"
"""Beside the stages' names: what the app's context `stages` and the stack are called."""


class AccountStack(Stack):
    """The role by which API Gateway writes the logs of every WebSocket and REST API in the account.

    There is one such setting an account and region, and API Gateway refuses a stage with access
    logs without it. In a stage's stack, each creation would overwrite the role of the one before.
    The role stays when this stack is deleted, since the setting does, and other APIs rely on it:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-account.html
    """

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope,
            f"OttuWsNotify-{ACCOUNT}",
            description="API Gateway's role for logging, one for the account and region",
        )
        Tags.of(self).add("project", SERVICE)
        role = iam.Role(
            self,
            "LoggingRole",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name(
                    "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
                )
            ],
        )
        role.apply_removal_policy(RemovalPolicy.RETAIN)
        setting = apigateway.CfnAccount(self, "Logging", cloud_watch_role_arn=role.role_arn)
        setting.apply_removal_policy(RemovalPolicy.RETAIN)
        acknowledge(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]",
            "The account's setting serves every API in it, log groups unknown here; "
            "API Gateway refuses a role that may do less than this",
        )
        CfnOutput(self, "LoggingRoleArn", value=role.role_arn)
