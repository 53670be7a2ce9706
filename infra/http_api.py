"""The HTTP API: publishing and asking for notifications without a WebSocket.

Which pages may ask, and what a token allows, is decided by the function `default`.
"""

from typing import Final

from aws_cdk import Duration, Tags
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_authorizers import HttpLambdaAuthorizer, HttpLambdaResponseType
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.access_logs import HTTP, AccessLogs
from infra.checks import acknowledge
from infra.domains import CustomDomain
from infra.stages import Stage

_ROUTES: Final = (("Publish", "/publish", 1), ("Notifications", "/notifications", 2))
"""Of each route: its id, its path, and the part of the stage's rate that it gets, as a divisor."""

_CACHED_FOR: Final = Duration.seconds(60)
"""How long an authorizer's answer is kept, by the token. The keys are kept for 4 minutes: a removed
key ends within 5."""

_EMULATED_ID: Final = ("ms-custom-id", "notify-http")  # see api.py


class HttpApi(Construct):
    """What clients ask over HTTPS, with exactly the routes POST /publish and POST /notifications.

    `url` is the base of both, without a slash at its end.
    """

    def __init__(  # noqa: PLR0913 - as NotifyApi has
        self,
        scope: Construct,
        construct_id: str,
        stage: Stage,
        *,
        default: lambda_.IFunction,
        authorizer: lambda_.IFunction | None,
        local_port: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self._api = apigatewayv2.HttpApi(
            self,
            "Api",
            description=f"ottu-ws-notify {stage.name}, over HTTPS",
            create_default_stage=False,
            cors_preflight=_cors(),
        )
        integration = HttpLambdaIntegration("Integration", default)
        checked = _authorizer(stage, authorizer)
        routes = [
            self._add_route(path, route_id, integration, checked) for route_id, path, _ in _ROUTES
        ]
        self._stage = apigatewayv2.HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name=stage.name,
            auto_deploy=True,
            access_log_settings=AccessLogs(self, "AccessLogs", stage, HTTP).settings,
        )
        _throttle(self._stage, routes, stage)
        self.url = self._stage.url
        if domain := stage.http_domain:
            CustomDomain(self, "Domain", domain, api=self._api, stage=self._stage)
            self.url = f"https://{domain.name}"
        if stage.emulated:
            Tags.of(self._api).add(*_EMULATED_ID, include_resource_types=["AWS::ApiGatewayV2::Api"])
            path = f"{local_port}/_aws/execute-api/{self._api.api_id}/{stage.name}"
            self.url = f"http://localhost:{path}"

    def metric(self, name: str, *, statistic: str) -> cloudwatch.Metric:
        """One of API Gateway's own metrics of this stage."""
        return self._stage.metric(name, statistic=statistic)

    def _add_route(
        self,
        path: str,
        route_id: str,
        integration: HttpLambdaIntegration,
        authorizer: HttpLambdaAuthorizer | None,
    ) -> apigatewayv2.HttpRoute:
        route = apigatewayv2.HttpRoute(
            self,
            route_id,
            http_api=self._api,
            route_key=apigatewayv2.HttpRouteKey.with_(path, apigatewayv2.HttpMethod.POST),
            integration=integration,
            authorizer=authorizer,
        )
        if authorizer is None:
            acknowledge(
                route, "AwsSolutions-APIG4", "Open to whoever knows the address: auth is off"
            )
        return route


def _cors() -> apigatewayv2.CorsPreflightOptions:
    """Let the browser of any page ask: the function decides by the origin, with $connect's rules.

    A token is in no cookie. API Gateway's own lists know no wildcard label, no `null` and no other
    scheme: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """
    return apigatewayv2.CorsPreflightOptions(
        allow_origins=["*"],
        allow_methods=[apigatewayv2.CorsHttpMethod.POST],
        allow_headers=["authorization", "content-type"],
        max_age=Duration.days(1),
    )


def _authorizer(stage: Stage, function: lambda_.IFunction | None) -> HttpLambdaAuthorizer | None:
    """Return what checks tokens. With an identity source, API Gateway refuses a request without.

    Caching needs one. The answer is the simple one, since a cached policy would be one route's:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    if function is None:
        return None
    required = stage.auth == "required"
    return HttpLambdaAuthorizer(
        "Authorizer",
        function,
        response_types=[HttpLambdaResponseType.SIMPLE],
        identity_source=["$request.header.Authorization"] if required else [],
        results_cache_ttl=_CACHED_FOR if required else Duration.seconds(0),
    )


def _throttle(
    http_stage: apigatewayv2.HttpStage, routes: list[apigatewayv2.HttpRoute], stage: Stage
) -> None:
    """Throttle each route by itself, so that pollers cannot starve publishers.

    Pollers have half of the stage's rate, since all routes share the quota of the account.
    """
    settings = http_stage.node.default_child
    assert isinstance(settings, apigatewayv2.CfnStage)  # noqa: S101 - what CDK makes of a stage
    settings.route_settings = {
        f"POST {path}": {
            "ThrottlingRateLimit": stage.steady_rate // divisor,
            "ThrottlingBurstLimit": stage.burst // divisor,
        }
        for _, path, divisor in _ROUTES
    }
    for route in routes:  # settings of a route that is not there yet are refused
        http_stage.node.add_dependency(route)
