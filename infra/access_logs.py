"""Who connected or asked, and how it ended, as one line of JSON each.

The role that writes the WebSocket API's lines: account.py.

No query string is ever logged (it may carry a token), and no address of a client.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import jsii
from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.stages import Stage

# Name in the log line -> API Gateway's $context variable.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
FIELDS: Final = {
    "requestId": "$context.requestId",
    "extendedRequestId": "$context.extendedRequestId",
    "requestTime": "$context.requestTime",
    "connectionId": "$context.connectionId",
    "connectedAt": "$context.connectedAt",
    "eventType": "$context.eventType",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "errorType": "$context.error.responseType",
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integrationLatency",
    "integrationRequestId": "$context.integration.requestId",
}

# How the authorizer answered, after how many ms, and its request id at Lambda. No others: they hold
# what the token says.
FIELDS_OF_THE_AUTHORIZER: Final = {
    "authorizerStatus": "$context.authorizer.status",
    "authorizerLatency": "$context.authorizer.latency",
    "authorizerRequestId": "$context.authorizer.requestId",
}

# Texts that may hold a quote, at the end of the line, where that spoils least; an exception's text
# comes last. Not `$context.error.messageString`, which brings quotes of its own: what a request has
# not is a bare `-` in API Gateway's log, so the line of every request without an error would not be
# JSON. (A captured line has `"error_messageString": "-"` for `"$context.error.messageString"`.)
TEXTS: Final = {
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}


# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
FIELDS_OF_HTTP: Final = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "errorType": "$context.error.responseType",
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integrationLatency",
    "integrationRequestId": "$context.integration.requestId",
}


@dataclass(frozen=True, slots=True)
class Line:
    """The fields of an access log's line: first `fields`, last what may hold a quote."""

    fields: Mapping[str, str]
    of_the_authorizer: Mapping[str, str]


WEBSOCKET: Final = Line(FIELDS, FIELDS_OF_THE_AUTHORIZER)
HTTP: Final = Line(FIELDS_OF_HTTP, {"authorizerError": "$context.authorizer.error"})
"""Of an HTTP API's authorizer, any other variable is a key of the context that it returns."""


class AccessLogs(Construct):
    """The log group of a stage's access logs, as `settings` for the stage."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage, line: Line) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self, "Logs", retention=stage.log_retention, removal_policy=stage.removal_policy
        )
        authorizer = {} if stage.auth == "off" else line.of_the_authorizer
        self.settings = _Settings(log_group, {**line.fields, **authorizer, **TEXTS})


@jsii.implements(apigatewayv2.IAccessLogDestination)
class _Destination:
    def __init__(self, log_group: logs.ILogGroup) -> None:
        # Not the group's attribute Arn, which ends in `:*` and names its streams:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
        self._arn = Stack.of(log_group).format_arn(
            service="logs",
            resource="log-group",
            resource_name=log_group.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def bind(self, _stage: apigatewayv2.IStage) -> apigatewayv2.AccessLogDestinationConfig:
        return apigatewayv2.AccessLogDestinationConfig(destination_arn=self._arn)


# The class rather than a dict: jsii cannot pass a dict for an interface with behaviour.
@jsii.implements(apigatewayv2.IAccessLogSettings)
class _Settings:
    def __init__(self, log_group: logs.ILogGroup, fields: Mapping[str, str]) -> None:
        self._destination = _Destination(log_group)
        self._format = apigateway.AccessLogFormat.custom(json.dumps(fields))

    @property
    def destination(self) -> apigatewayv2.IAccessLogDestination:
        return self._destination

    @property
    def format(self) -> apigateway.AccessLogFormat:
        return self._format
