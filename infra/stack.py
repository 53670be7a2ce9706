"""One stage of the service. This module only composes: each part lives in its own module."""

from aws_cdk import CfnOutput, Stack, Tags
from constructs import Construct

from infra.access_logs import LoggingAccount
from infra.api import NotifyApi
from infra.functions import SERVICE, ServiceFunction
from infra.layer import PackagesLayer
from infra.monitoring import Monitoring
from infra.stages import Stage
from infra.tables import ConnectionsTable, LedgerTable


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
        }

        layer = PackagesLayer(self, "Packages")
        connect = ServiceFunction(
            self,
            "ConnectFunction",
            stage,
            handler="lambdas.connect.handler.handler",
            description="May this client in?",
            layer=layer,
            memory_mb=512,
            timeout_seconds=10,
            environment={"ALLOWED_ORIGINS": ",".join(stage.allowed_origins)},
        )
        default = ServiceFunction(
            self,
            "DefaultFunction",
            stage,
            handler="lambdas.default.handler.handler",
            description="Subscribe, publish, unsubscribe, ping; publish by direct invocation",
            layer=layer,
            memory_mb=1769,  # one whole vCPU: posting to many connections is CPU-bound
            timeout_seconds=29,  # API Gateway waits no longer for a WebSocket integration
            environment=storage,
        )
        disconnect = ServiceFunction(
            self,
            "DisconnectFunction",
            stage,
            handler="lambdas.disconnect.handler.handler",
            description="Forget this connection",
            layer=layer,
            memory_mb=512,
            timeout_seconds=10,
            environment=storage,
        )

        connections.grant_find_by_ref(default.role)
        connections.grant_write(default.role)
        ledger.grant_say(default.role)
        ledger.grant_write_joined(default.role)
        ledger.grant_read(default.role)
        connections.grant_find_by_connection(disconnect.role)
        connections.grant_write(disconnect.role)
        ledger.grant_write_joined(disconnect.role)

        api = NotifyApi(
            self,
            "Api",
            stage,
            connect=connect.function,
            default=default.function,
            disconnect=disconnect.function,
            local_port=local_port,
        )
        api.node.add_dependency(LoggingAccount(self, "LoggingAccount"))
        api.let_post(default.function, default.role)

        Monitoring(
            self,
            "Monitoring",
            stage,
            api=api,
            functions={
                "Connect": connect.function,
                "Default": default.function,
                "Disconnect": disconnect.function,
            },
        )

        CfnOutput(self, "WebsocketConnectEndpointURL", value=api.connect_url)
        CfnOutput(self, "ConnectionsEndpointURL", value=api.callback_url)
        CfnOutput(self, "ConnectionsTableName", value=connections.table.table_name)
        CfnOutput(self, "LedgerTableName", value=ledger.table.table_name)
        CfnOutput(self, "RetentionSeconds", value=str(stage.retention_seconds))
        CfnOutput(self, "PublishFunctionName", value=default.function.function_name)
