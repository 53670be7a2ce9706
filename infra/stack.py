"""One stage of the service. This module only composes: each part lives in its own module."""

from aws_cdk import Aws, CfnOutput, Stack, Tags
from constructs import Construct

from infra import origins
from infra.api import NotifyApi
from infra.functions import SERVICE, ServiceFunction
from infra.http_api import HttpApi
from infra.monitoring import Monitoring
from infra.packages import PackagesLayer
from infra.publishers import EventPublishers, PublishQueue
from infra.secrets import TokenKeys
from infra.stages import Stage
from infra.tables import ConnectionsTable, LedgerTable
from infra.warm_up import WarmUp


class NotifyStack(Stack):
    """Everything of one stage. `local_port` is where an emulated stage is served."""

    def __init__(self, scope: Construct, stage: Stage, *, local_port: int) -> None:
        super().__init__(
            scope,
            f"OttuWsNotify-{stage.name}",
            description=f"Realtime notifications for browsers that wait, stage {stage.name}",
        )
        Tags.of(self).add("project", SERVICE)
        Tags.of(self).add("stage", stage.name)

        connections = ConnectionsTable(self, "Connections", stage)
        ledger = LedgerTable(self, "Ledger", stage)
        storage = {
            "CONNECTIONS_TABLE": connections.table.table_name,
            "LEDGER_TABLE": ledger.table.table_name,
            "RETENTION_SECONDS": str(stage.retention_seconds),
            **_address_of(stage, "dynamodb", "AWS_ENDPOINT_URL_DYNAMODB"),
        }

        listed = {"ALLOWED_ORIGINS": origins.variable(stage.allowed_origins)}

        layer = PackagesLayer(self, "Packages", stage)
        connect = ServiceFunction(
            self,
            "ConnectFunction",
            stage,
            handler="lambdas.connect.handler.handler",
            description="Check the origin of a handshake",
            layer=layer,
            memory_mb=512,
            timeout_seconds=10,
            environment=listed,
        )
        default = ServiceFunction(
            self,
            "DefaultFunction",
            stage,
            handler="lambdas.default.handler.handler",
            description="Subscribe, publish, unsubscribe, ping; over HTTPS; by direct invocation",
            layer=layer,
            memory_mb=1769,  # one whole vCPU: posting to many connections is CPU-bound
            timeout_seconds=29,  # API Gateway waits no longer for a WebSocket integration
            environment={**storage, **listed, "AUTH": stage.auth},
        )
        disconnect = ServiceFunction(
            self,
            "DisconnectFunction",
            stage,
            handler="lambdas.disconnect.handler.handler",
            description="Delete the subscriptions of a closed connection",
            layer=layer,
            memory_mb=512,
            timeout_seconds=10,
            environment=storage,
        )

        keys = TokenKeys(self, "TokenKeys", stage) if stage.has_token_keys else None
        authorizer = None
        if keys and stage.auth != "off":
            authorizer = _authorizer(self, stage, layer, keys).function

        connections.grant_find_by_ref(default.role)
        connections.grant_write(default.role)
        ledger.grant_put_notification(default.role)
        ledger.grant_write_recent_subscriptions(default.role)
        ledger.grant_read(default.role)
        connections.grant_find_by_connection(disconnect.role)
        connections.grant_delete(disconnect.role)
        ledger.grant_delete(disconnect.role)

        api = NotifyApi(
            self,
            "Api",
            stage,
            connect=connect.function,
            default=default.function,
            disconnect=disconnect.function,
            authorizer=authorizer,
            local_port=local_port,
        )
        api.grant_manage_connections(default.function, default.role)

        http_api = HttpApi(
            self,
            "HttpApi",
            stage,
            default=default.function,
            authorizer=authorizer,
            local_port=local_port,
        )

        event_publishers = publish_queue = None
        if stage.event_rules:
            event_publishers = EventPublishers(
                self, "EventPublishers", stage.event_rules, default=default
            )
        if stage.publish_queue:
            publish_queue = PublishQueue(self, "PublishQueue", default=default)

        functions = {
            "Connect": connect.function,
            "Default": default.function,
            "Disconnect": disconnect.function,
        }
        Monitoring(
            self,
            "Monitoring",
            stage,
            api=api,
            http_api=http_api,
            functions=functions,
            authorizer=authorizer,
            event_publishers=event_publishers,
            publish_queue=publish_queue,
        )
        if stage.warm_up_minutes:
            every = (*functions.values(), *([authorizer] if authorizer else []))
            WarmUp(self, "WarmUp", minutes=stage.warm_up_minutes, functions=every)

        CfnOutput(self, "WebsocketConnectEndpointURL", value=api.connect_url)
        CfnOutput(self, "HttpEndpointURL", value=http_api.url)
        CfnOutput(self, "ConnectionsEndpointURL", value=api.callback_url)
        CfnOutput(self, "ConnectionsTableName", value=connections.table.table_name)
        CfnOutput(self, "LedgerTableName", value=ledger.table.table_name)
        CfnOutput(self, "RetentionSeconds", value=str(stage.retention_seconds))
        CfnOutput(self, "PublishFunctionName", value=default.function.function_name)


def _authorizer(
    stack: NotifyStack, stage: Stage, layer: PackagesLayer, keys: TokenKeys
) -> ServiceFunction:
    authorizer = ServiceFunction(
        stack,
        "AuthorizerFunction",
        stage,
        handler="lambdas.connect.authorizer.handler",
        description="Verify the token of a handshake, or of a request over HTTPS",
        layer=layer,
        memory_mb=512,
        timeout_seconds=10,
        environment={
            "AUTH": stage.auth,
            "TOKEN_KEYS_SECRET": keys.secret.secret_arn,
            **_address_of(stage, "secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
        },
    )
    keys.grant_read(authorizer.role)
    CfnOutput(stack, "TokenKeysSecretArn", value=keys.secret.secret_arn)
    return authorizer


def _address_of(stage: Stage, service: str, variable: str) -> dict[str, str]:
    """Tell a function where a service is, by boto3's own name for it: the code builds no address.

    The emulator tells its functions itself, for all services at once (AWS_ENDPOINT_URL).
    """
    address = f"https://{service}.{Aws.REGION}.{Aws.URL_SUFFIX}"
    return {} if stage.emulated else {variable: address}
