from typing import Any

from tests.infra.templates import Template


def keys(of: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key["AttributeName"], key["KeyType"]) for key in of["KeySchema"]]


def test_the_connections_table_has_one_item_for_each_subscription(template: Template) -> None:
    table = template.connections.properties
    assert keys(table) == [("connection_id", "HASH"), ("merchant_id#ref", "RANGE")]


def test_the_index_finds_connections_by_topic_with_only_their_expiry(
    template: Template,
) -> None:
    (index,) = template.connections.properties["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by_ref"
    assert keys(index) == [("merchant_id#ref", "HASH"), ("connection_id", "RANGE")]
    assert index["Projection"] == {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["expires_at"],
    }


def test_the_ledger_has_one_partition_for_each_topic(template: Template) -> None:
    table = template.ledger.properties
    assert keys(table) == [("merchant_id#ref", "HASH"), ("entry", "RANGE")]
    assert "GlobalSecondaryIndexes" not in table


def test_keys_are_strings(template: Template) -> None:
    for table in (template.connections, template.ledger):
        types = {d["AttributeType"] for d in table.properties["AttributeDefinitions"]}
        assert types == {"S"}


def test_both_tables_are_on_demand_encrypted_and_expire_their_rows(template: Template) -> None:
    for table in (template.connections, template.ledger):
        assert table.properties["BillingMode"] == "PAY_PER_REQUEST"
        assert table.properties["TimeToLiveSpecification"] == {
            "AttributeName": "expires_at",
            "Enabled": True,
        }
        assert table.properties["SSESpecification"] == {"SSEEnabled": True}


def test_the_tables_of_prod_are_retained_protected_and_backed_up(prod: Template) -> None:
    for table in (prod.connections, prod.ledger):
        assert table.properties["DeletionProtectionEnabled"] is True
        recovery = table.properties["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}
        assert table.body["DeletionPolicy"] == "Retain"
        assert table.body["UpdateReplacePolicy"] == "Retain"


def test_the_tables_of_other_stages_are_deleted_with_the_stack(
    local: Template, dev: Template
) -> None:
    for table in (local.connections, local.ledger, dev.connections, dev.ledger):
        assert table.properties["DeletionProtectionEnabled"] is False
        recovery = table.properties["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": False}
        assert table.body["DeletionPolicy"] == table.body["UpdateReplacePolicy"] == "Delete"
