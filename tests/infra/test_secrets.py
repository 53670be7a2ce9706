"""What a stage has where it asks for tokens, has not where it does not, and what turns it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from aws_cdk import App

from app import build
from infra.stages import DEV, LOCAL, PROD
from tests.infra.templates import Resource, Template

AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type


def route(template: Template, key: str) -> Resource:
    routes = template.of_api(template.websocket_api, "Route")
    (found,) = (r for r in routes if r.properties["RouteKey"] == key)
    return found


def test_of_a_websockets_routes_connect_alone_uses_the_authorizer(with_tokens: Template) -> None:
    (authorizer,) = with_tokens.of_api(with_tokens.websocket_api, "Authorizer")
    connect = route(with_tokens, "$connect").properties
    assert connect["AuthorizationType"] == "CUSTOM"
    assert connect["AuthorizerId"] == {"Ref": authorizer.id}
    for key in ("$default", "$disconnect"):  # API Gateway hands them what the authorizer said
        assert route(with_tokens, key).properties.get("AuthorizationType", "NONE") == "NONE"


def test_the_authorizer_is_invoked_for_every_handshake(with_tokens: Template) -> None:
    (authorizer,) = with_tokens.of_api(with_tokens.websocket_api, "Authorizer")
    properties = authorizer.properties
    assert properties["AuthorizerType"] == "REQUEST"
    # A handshake without one of the identity sources would be refused before the function sees it.
    assert properties.get("IdentitySource", []) == []
    assert "AuthorizerResultTtlInSeconds" not in properties
    assert with_tokens.text(properties["AuthorizerUri"]) == (
        "arn:<AWS::Partition>:apigateway:<AWS::Region>:lambda:path/2015-03-31/functions"
        "/<authorizer.Arn>/invocations"
    )


def test_the_first_key_is_generated_with_properties_that_never_change(
    with_tokens: Template,
) -> None:
    """Any difference makes CloudFormation write a new secret, see infra/secrets.py."""
    properties = with_tokens.one(SECRET).properties
    assert properties["GenerateSecretString"] == {
        "SecretStringTemplate": "{}",
        "GenerateStringKey": "first",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }
    assert "SecretString" not in properties


def test_the_arn_of_the_secret_is_an_output(with_tokens: Template) -> None:
    assert with_tokens.outputs["TokenKeysSecretArn"] == "<token keys>"


def test_the_keys_of_prod_are_retained(prod: Template) -> None:
    secret = prod.one(SECRET)
    assert secret.body["DeletionPolicy"] == secret.body["UpdateReplacePolicy"] == "Retain"


def test_the_keys_of_other_stages_are_deleted_with_the_stack(
    templates: dict[str, Template],
) -> None:
    secret = templates["local-required"].one(SECRET)
    assert secret.body["DeletionPolicy"] == secret.body["UpdateReplacePolicy"] == "Delete"


def test_a_stage_without_auth_has_no_authorizer_and_no_secret(without_tokens: Template) -> None:
    assert without_tokens.all(AUTHORIZER) == []
    assert without_tokens.all(SECRET) == []
    assert "TokenKeysSecretArn" not in without_tokens.outputs
    for resource in without_tokens.all("AWS::ApiGatewayV2::Route"):
        assert resource.properties.get("AuthorizationType", "NONE") == "NONE"
        assert "AuthorizerId" not in resource.properties


def test_no_template_resolves_a_key(with_tokens: Template) -> None:
    assert "resolve:secretsmanager" not in json.dumps(with_tokens.body)


def test_prod_requires_tokens_and_other_stages_have_auth_off() -> None:
    assert (LOCAL.auth, DEV.auth, PROD.auth) == ("off", "off", "required")


def has_authorizer(app: App, stage: str) -> bool:
    stack = app.node.find_child(f"OttuWsNotify-{stage}")
    return stack.node.try_find_child("AuthorizerFunction") is not None


@pytest.mark.parametrize("auth", ["required", "optional", "off"])
def test_auth_of_the_context_applies_to_the_emulated_stage_alone(auth: str) -> None:
    app = build(context={"stages": "local,dev", "auth": auth})
    assert has_authorizer(app, "local") == (auth != "off")
    assert not has_authorizer(app, "dev")


def test_auth_of_the_context_does_not_turn_off_tokens_in_prod() -> None:
    assert has_authorizer(build(context={"stages": "prod", "auth": "off"}), "prod")


def test_an_unknown_auth_of_the_context_is_rejected() -> None:
    with pytest.raises(ValueError, match="auth is one of off, optional, required, not 'on'"):
        build(context={"stages": "local", "auth": "on"})


@pytest.mark.parametrize("auth", ["", "Required", "none", None, True])
def test_an_unknown_auth_of_a_stage_is_rejected_by_name(auth: Any) -> None:
    with pytest.raises(ValueError, match="stage dev: auth is one of off, optional, required"):
        replace(DEV, auth=auth)
