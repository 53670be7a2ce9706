import pytest

from tests.infra.templates import Template

TRACING = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}
EXECUTE_API = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<api>"


def logging(name: str) -> set[tuple[str, str]]:
    group = f"<{name} logs.Arn>"
    return {("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}


def test_connect_may_only_log_and_trace(template: Template) -> None:
    permissions = template.permissions(template.function("connect"))
    assert permissions == TRACING | logging("connect")


def test_disconnect_may_find_and_forget_what_its_connection_waited_for(template: Template) -> None:
    permissions = template.permissions(template.function("disconnect"))
    assert permissions - TRACING - logging("disconnect") == {
        ("dynamodb:Query", "<connections.Arn>"),
        ("dynamodb:BatchWriteItem", "<connections.Arn>"),
        ("dynamodb:BatchWriteItem", "<ledger.Arn>"),
    }
    assert permissions > TRACING | logging("disconnect")


def test_default_may_subscribe_publish_and_post_to_its_own_stage(
    template: Template, stage: str
) -> None:
    permissions = template.permissions(template.function("default"))
    assert permissions - TRACING - logging("default") == {
        ("dynamodb:BatchWriteItem", "<connections.Arn>"),
        ("dynamodb:Query", "<connections.Arn>/index/by_ref"),
        ("dynamodb:PutItem", "<ledger.Arn>"),
        ("dynamodb:BatchWriteItem", "<ledger.Arn>"),
        ("dynamodb:Query", "<ledger.Arn>"),
        ("execute-api:ManageConnections", f"{EXECUTE_API}/{stage}/POST/@connections/*"),
    }
    assert permissions > TRACING | logging("default")


@pytest.mark.parametrize("name", ["connect", "default", "disconnect"])
def test_a_function_has_a_role_of_its_own_without_managed_policies(
    template: Template, name: str
) -> None:
    role_id = template.function(name).properties["Role"]["Fn::GetAtt"][0]
    (role,) = (r for r in template.all("AWS::IAM::Role") if r.id == role_id)
    assert "ManagedPolicyArns" not in role.properties
    functions = template.all("AWS::Lambda::Function")
    users = [f for f in functions if f.properties["Role"]["Fn::GetAtt"][0] == role_id]
    assert len(users) == 1


def test_nothing_is_left_to_policies_that_the_exact_lists_would_not_see(template: Template) -> None:
    assert template.all("AWS::IAM::ManagedPolicy") == []
    for policy in template.all("AWS::IAM::Policy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            assert set(statement) == {"Action", "Effect", "Resource"}


def test_each_function_is_invoked_by_its_own_route_only(template: Template) -> None:
    permissions = template.all("AWS::Lambda::Permission")
    assert {
        (
            template.text(p.properties["FunctionName"]),
            p.properties["Principal"],
            template.text(p.properties["SourceArn"]),
        )
        for p in permissions
    } == {
        (f"<{name}.Arn>", "apigateway.amazonaws.com", f"{EXECUTE_API}/*${name}")
        for name in ("connect", "default", "disconnect")
    }
