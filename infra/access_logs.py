"""Who connected and how it ended, as one line of JSON each, and the account's leave to write it.

No query string is ever logged (it may carry a token), and no address of a client.
"""

import json
from collections.abc import Mapping
from typing import Final

import jsii
from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.checks import acknowledge
from infra.stages import Stage

# Name in the log line -> API Gateway's $context variable.
FIELDS: Final = {
    "requestId": "$context.requestId",
    "extendedRequestId": "$context.extendedRequestId",
    "requestTime": "$context.requestTime",
    "connectionId": "$context.connectionId",
    "connectedAt": "$context.connectedAt",
    "eventType": "$context.eventType",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "error": "$context.error.message",
    "errorType": "$context.error.responseType",
    "integrationStatus": "$context.integration.status",
    "integrationError": "$context.integrationErrorMessage",
    "integrationLatency": "$context.integrationLatency",
    "integrationRequestId": "$context.integration.requestId",
}

# How the authorizer answered, after how many ms, and its request id at Lambda. No others: they hold
# what the token says.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
FIELDS_OF_THE_AUTHORIZER: Final = {
    "authorizerStatus": "$context.authorizer.status",
    "authorizerLatency": "$context.authorizer.latency",
    "authorizerRequestId": "$context.authorizer.requestId",
}


class AccessLogs(Construct):
    """The log group of a stage's access logs, as `settings` for the stage."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self, "Logs", retention=stage.log_retention, removal_policy=stage.removal_policy
        )
        fields = FIELDS if stage.auth == "off" else {**FIELDS, **FIELDS_OF_THE_AUTHORIZER}
        self.settings = _Settings(log_group, fields)


class LoggingAccount(Construct):
    """The role by which API Gateway writes the logs of every WebSocket and REST API in the account.

    There is one such setting an account and region, and a stage with access logs cannot be created
    without it. Other stages and services rely on it just as well: it is left behind, role included,
    when a stack is destroyed (as CDK's own RestApi does).
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name(
                    "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
                )
            ],
        )
        role.apply_removal_policy(RemovalPolicy.RETAIN)
        account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        account.apply_removal_policy(RemovalPolicy.RETAIN)
        acknowledge(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]",
            "The account's setting serves every API in it, log groups unknown here; "
            "API Gateway refuses a role that may do less than this",
        )


# The class rather than a dict: jsii cannot pass a dict for an interface with behaviour.
@jsii.implements(apigatewayv2.IAccessLogSettings)
class _Settings:
    def __init__(self, log_group: logs.ILogGroup, fields: Mapping[str, str]) -> None:
        self._destination = apigatewayv2.LogGroupLogDestination(log_group)
        self._format = apigateway.AccessLogFormat.custom(json.dumps(fields))

    @property
    def destination(self) -> apigatewayv2.IAccessLogDestination:
        return self._destination

    @property
    def format(self) -> apigateway.AccessLogFormat:
        return self._format
