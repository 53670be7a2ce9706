"""The two tables and the grants on them. Attributes that are not keys belong to `lambdas`."""

from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.checks import acknowledge
from infra.stages import Stage

TOPIC_KEY: Final = "merchant_id#ref"
BY_REF: Final = "by_ref"
EXPIRES_AT: Final = "expires_at"


class ConnectionsTable(Construct):
    """Subscriptions, one item each, found by connection or by topic."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.table = _table(self, stage, partition_key="connection_id", sort_key=TOPIC_KEY)
        self.table.add_global_secondary_index(
            index_name=BY_REF,
            partition_key=_text(TOPIC_KEY),
            sort_key=_text("connection_id"),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=[EXPIRES_AT],
        )

    def grant_find_by_ref(self, role: iam.IRole) -> None:
        """Query a topic's subscribers. The ARNs of index and table do not cover each other."""
        _grant(role, f"{self.table.table_arn}/index/{BY_REF}", "Query")

    def grant_find_by_connection(self, role: iam.IRole) -> None:
        """Query the subscriptions of a connection."""
        _grant(role, self.table.table_arn, "Query")

    def grant_write(self, role: iam.IRole) -> None:
        """Put and delete subscriptions, in batches: to subscribe, unsubscribe and prune."""
        _grant(role, self.table.table_arn, "BatchWriteItem")

    def grant_delete(self, role: iam.IRole) -> None:
        """Delete subscriptions, one by one: the permission for batches would include puts."""
        _grant(role, self.table.table_arn, "DeleteItem")


class LedgerTable(Construct):
    """A topic's notifications and its recent subscriptions."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.table = _table(self, stage, partition_key=TOPIC_KEY, sort_key="entry")

    def grant_put_notification(self, role: iam.IRole) -> None:
        """Put a notification unless its id is taken (a batch write takes no condition)."""
        _grant(role, self.table.table_arn, "PutItem")

    def grant_write_recent_subscriptions(self, role: iam.IRole) -> None:
        """Put and delete recent subscriptions, in batches."""
        _grant(role, self.table.table_arn, "BatchWriteItem")

    def grant_delete(self, role: iam.IRole) -> None:
        """Delete recent subscriptions, one by one."""
        _grant(role, self.table.table_arn, "DeleteItem")

    def grant_read(self, role: iam.IRole) -> None:
        """Query the entries of a topic."""
        _grant(role, self.table.table_arn, "Query")


def _table(scope: Construct, stage: Stage, *, partition_key: str, sort_key: str) -> dynamodb.Table:
    table = dynamodb.Table(
        scope,
        "Table",
        partition_key=_text(partition_key),
        sort_key=_text(sort_key),
        time_to_live_attribute=EXPIRES_AT,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=stage.data_protected
        ),
        deletion_protection=stage.data_protected,
        removal_policy=stage.removal_policy,
    )
    if stage.removal_policy is RemovalPolicy.DESTROY:
        acknowledge(
            table,
            "AwsSolutions-DDB3",
            "Try-out data that is destroyed with this stage; nothing to recover",
        )
    return table


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _grant(role: iam.IRole, arn: str, action: str) -> None:
    # Not table.grant_*(): on a table with an index those also grant index/*.
    iam.Grant.add_to_principal(
        grantee=role, actions=[f"dynamodb:{action}"], resource_arns=[arn]
    ).assert_success()
