"""The WebSocket API: its three routes, its stage, its addresses, the grant to post through it."""

from typing import Final

from aws_cdk import Stack, Tags
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketLambdaAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from infra.access_logs import WEBSOCKET, AccessLogs
from infra.checks import acknowledge
from infra.domains import CustomDomain
from infra.stages import Stage

# With the usual `$request.body.action`, a frame that says {"action": "$connect"} would select that
# route, which cannot answer. A value with something static behind it equals no route's key, so
# every frame is $default's. Static text in the expression is documented, see
# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
_NEVER_A_ROUTE: Final = "${request.body.action}/frame"

# MiniStack's tag for an id that stays the same: a page finds the stage again that was started anew.
_EMULATED_ID: Final = ("ms-custom-id", "notify")

_OPEN_BY_DESIGN: Final = {
    "$connect": "Open to every page, or to the stage's allowed origins: the function decides",
    "$default": "API Gateway authorizes a WebSocket at $connect only, never a frame",
    "$disconnect": "API Gateway authorizes a WebSocket at $connect only, never its end",
}


class NotifyApi(Construct):
    """What clients connect to, with exactly the routes $connect, $disconnect and $default.

    `connect_url` is for clients, of the custom domain where there is one; `callback_url` is where a
    function posts to a connection, always the API's own.
    """

    def __init__(  # noqa: PLR0913 - one parameter a route
        self,
        scope: Construct,
        construct_id: str,
        stage: Stage,
        *,
        connect: lambda_.IFunction,
        default: lambda_.IFunction,
        disconnect: lambda_.IFunction,
        authorizer: lambda_.IFunction | None,
        local_port: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self._api = apigatewayv2.WebSocketApi(
            self,
            "Api",
            description=f"ottu-ws-notify {stage.name}",
            route_selection_expression=_NEVER_A_ROUTE,
        )
        checked = None
        if authorizer is not None:
            # No identity source: of several, all would be required.
            checked = WebSocketLambdaAuthorizer("Authorizer", authorizer, identity_source=[])
        self._add_route("$connect", "ConnectRoute", connect, authorizer=checked)
        # The answer to the sender travels as the route's response. The emulator sends it anyway,
        # and its CloudFormation does not know AWS::ApiGatewayV2::RouteResponse.
        self._add_route("$default", "DefaultRoute", default, answers=not stage.emulated)
        self._add_route("$disconnect", "DisconnectRoute", disconnect)
        self._stage = apigatewayv2.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self._api,
            stage_name=stage.name,
            auto_deploy=True,
            throttle=apigatewayv2.ThrottleSettings(
                rate_limit=stage.steady_rate, burst_limit=stage.burst
            ),
            access_log_settings=AccessLogs(self, "AccessLogs", stage, WEBSOCKET).settings,
        )
        self.connect_url = self._stage.url
        self.callback_url = self._stage.callback_url
        if domain := stage.websocket_domain:
            CustomDomain(self, "Domain", domain, api=self._api, stage=self._stage)
            self.connect_url = f"wss://{domain.name}"
        if stage.emulated:
            Tags.of(self._api).add(*_EMULATED_ID, include_resource_types=["AWS::ApiGatewayV2::Api"])
            path = f"{local_port}/_aws/execute-api/{self._api.api_id}/{stage.name}"
            self.connect_url = f"ws://localhost:{path}"
            self.callback_url = f"http://127.0.0.1:{path}"

    def grant_manage_connections(self, function: lambda_.Function, role: iam.IRole) -> None:
        """Give a function the address to post to connections of this stage, and the permission."""
        # The code builds no address. An event's `domainName` is the custom domain where a client
        # came by it, and @connections has no stage in its path there:
        # https://github.com/aws/aws-lambda-dotnet/issues/553
        function.add_environment("CONNECTIONS_ENDPOINT_URL", self.callback_url)
        stack = Stack.of(self)
        path = f"{self._stage.stage_name}/POST/@connections/*"
        arn = stack.format_arn(service="execute-api", resource=self._api.api_id, resource_name=path)
        grant = iam.Grant.add_to_principal(
            grantee=role, actions=["execute-api:ManageConnections"], resource_arns=[arn]
        )
        grant.assert_success()
        api = f"<AWS::Region>:<AWS::AccountId>:<{stack.resolve(self._api.api_id)['Ref']}>"
        acknowledge(
            role,
            f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:{api}/{path}]",
            "Any client may be connected: ids of connections are not known beforehand",
        )

    def metric(self, name: str, *, statistic: str) -> cloudwatch.Metric:
        """One of API Gateway's own metrics of this stage."""
        return self._stage.metric(name, statistic=statistic)

    def _add_route(
        self,
        key: str,
        construct_id: str,
        function: lambda_.IFunction,
        *,
        answers: bool = False,
        authorizer: WebSocketLambdaAuthorizer | None = None,
    ) -> None:
        route = apigatewayv2.WebSocketRoute(
            self,
            construct_id,
            web_socket_api=self._api,
            route_key=key,
            integration=WebSocketLambdaIntegration("Integration", function),
            return_response=answers,
            authorizer=authorizer,
        )
        if authorizer is None:
            acknowledge(route, "AwsSolutions-APIG4", _OPEN_BY_DESIGN[key])
