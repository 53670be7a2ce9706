import re

from infra.builds import ROOT
from tests.infra.templates import Template

EXECUTE_API = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<api>"


def logging(name: str) -> set[tuple[str, str]]:
    group = f"<{name} logs.Arn>"
    return {("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}


def test_connect_may_only_log(template: Template) -> None:
    permissions = template.permissions(template.function("connect"))
    assert permissions == logging("connect")


def test_disconnect_may_only_query_and_delete_subscriptions(template: Template) -> None:
    permissions = template.permissions(template.function("disconnect"))
    assert permissions - logging("disconnect") == {
        ("dynamodb:Query", "<connections.Arn>"),
        ("dynamodb:DeleteItem", "<connections.Arn>"),
        ("dynamodb:DeleteItem", "<ledger.Arn>"),
    }
    assert permissions > logging("disconnect")


def test_default_may_only_subscribe_publish_and_post_to_its_own_stage(
    template: Template, stage: str
) -> None:
    permissions = template.permissions(template.function("default"))
    of_publishers = {
        ("sqs:SendMessage", "<event dead letters.Arn>"),
        ("sqs:ReceiveMessage", "<publish queue.Arn>"),
        ("sqs:DeleteMessage", "<publish queue.Arn>"),
        ("sqs:GetQueueAttributes", "<publish queue.Arn>"),
    }
    assert permissions - logging("default") - of_publishers == {
        ("dynamodb:BatchWriteItem", "<connections.Arn>"),
        ("dynamodb:Query", "<connections.Arn>/index/by_ref"),
        ("dynamodb:PutItem", "<ledger.Arn>"),
        ("dynamodb:BatchWriteItem", "<ledger.Arn>"),
        ("dynamodb:Query", "<ledger.Arn>"),
        ("execute-api:ManageConnections", f"{EXECUTE_API}/{stage}/POST/@connections/*"),
    }
    assert permissions > logging("default") | (of_publishers if stage == "local" else set())
    assert stage == "local" or permissions.isdisjoint(of_publishers)


def test_the_documented_permissions_of_an_in_process_caller_are_those_of_default(
    templates: dict[str, Template],
) -> None:
    template = templates["dev"]
    rows = re.findall(
        r"^\| `([a-z-]+:\w+)` \| `(\S+)` \|",
        (ROOT / "docs/integrate-backend.md").read_text(),
        re.MULTILINE,
    )
    names = {
        "table/LEDGER_TABLE": "<ledger.Arn>",
        "table/CONNECTIONS_TABLE": "<connections.Arn>",
        "API/STAGE": f"{EXECUTE_API}/dev",
    }
    documented = set()
    for action, resource in rows:
        (name,) = (name for name in names if resource.startswith(name))
        documented.add((action, resource.replace(name, names[name])))
    permissions = template.permissions(template.function("default"))
    assert documented == permissions - logging("default")


def test_the_authorizer_may_only_read_the_keys(with_tokens: Template) -> None:
    permissions = with_tokens.permissions(with_tokens.function("authorizer"))
    assert permissions == {
        ("secretsmanager:GetSecretValue", "<token keys>"),
        *logging("authorizer"),
    }


def test_only_the_authorizer_may_read_the_keys(with_tokens: Template) -> None:
    readers = {
        name
        for name, function in with_tokens.functions.items()
        for action, _ in with_tokens.permissions(function)
        if action.startswith("secretsmanager:")
    }
    assert readers == {"authorizer"}
    assert with_tokens.all("AWS::SecretsManager::ResourcePolicy") == []


def test_each_function_has_a_role_of_its_own_without_managed_policies(template: Template) -> None:
    roles = {f.properties["Role"]["Fn::GetAtt"][0] for f in template.functions.values()}
    assert len(roles) == len(template.functions)
    for role in template.all("AWS::IAM::Role"):
        if role.id in roles:
            assert "ManagedPolicyArns" not in role.properties


def test_every_policy_is_inline_and_has_only_actions_and_resources(template: Template) -> None:
    assert template.all("AWS::IAM::ManagedPolicy") == []
    for policy in template.all("AWS::IAM::Policy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            assert set(statement) == {"Action", "Effect", "Resource"}


def test_each_function_may_be_invoked_by_its_own_routes_or_authorizers_only(
    template: Template, stage: str, auth: str
) -> None:
    http_api = EXECUTE_API.replace("<api>", "<http api>")
    callers = {
        *((name, f"{EXECUTE_API}/*${name}") for name in ("connect", "default", "disconnect")),
        *(("default", f"{http_api}/*/*/{path}") for path in ("publish", "notifications")),
    }
    if auth != "off":
        authorizers = "authorizers/<AWS::ApiGatewayV2::Authorizer>"
        callers |= {("authorizer", f"{api}/{authorizers}") for api in (EXECUTE_API, http_api)}
    expected = {(f"<{name}.Arn>", "apigateway.amazonaws.com", source) for name, source in callers}
    if stage == "local":
        expected |= {("<default.Arn>", "events.amazonaws.com", "<AWS::Events::Rule.Arn>")}
    permissions = template.all("AWS::Lambda::Permission")
    assert {
        (
            template.text(p.properties["FunctionName"]),
            p.properties["Principal"],
            template.text(p.properties["SourceArn"]),
        )
        for p in permissions
    } == expected
