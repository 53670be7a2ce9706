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
    routes = template.all("AWS::ApiGatewayV2::Route")
    (found,) = (r for r in routes if r.properties["RouteKey"] == key)
    return found


def test_connect_asks_the_authorizer_and_the_other_routes_need_not(with_tokens: Template) -> None:
    authorizer = with_tokens.one(AUTHORIZER)
    connect = route(with_tokens, "$connect").properties
    assert connect["AuthorizationType"] == "CUSTOM"
    assert connect["AuthorizerId"] == {"Ref": authorizer.id}
    for key in ("$default", "$disconnect"):  # API Gateway hands them what the authorizer said
        assert route(with_tokens, key).properties.get("AuthorizationType", "NONE") == "NONE"


def test_the_authorizer_sees_every_handshake(with_tokens: Template) -> None:
    properties = with_tokens.one(AUTHORIZER).properties
    assert properties["AuthorizerType"] == "REQUEST"
    # A handshake without one of the identity sources would be refused before the function sees it.
    assert properties.get("IdentitySource", []) == []
    assert "AuthorizerResultTtlInSeconds" not in properties
    assert with_tokens.text(properties["AuthorizerUri"]) == (
        "arn:<AWS::Partition>:apigateway:<AWS::Region>:lambda:path/2015-03-31/functions"
        "/<authorizer.Arn>/invocations"
    )


def test_the_first_key_is_generated_by_what_may_never_change(with_tokens: Template) -> None:
    """Any difference makes CloudFormation write a new secret, see infra/secrets.py."""
    properties = with_tokens.one(SECRET).properties
    assert properties["GenerateSecretString"] == {
        "SecretStringTemplate": "{}",
        "GenerateStringKey": "first",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }
    assert "SecretString" not in properties


def test_the_secret_is_put_out_for_those_who_mint(with_tokens: Template) -> None:
    assert with_tokens.outputs["TokenKeysSecretArn"] == "<token keys>"


def test_the_keys_in_prod_survive_mistakes(prod: Template) -> None:
    secret = prod.one(SECRET)
    assert secret.body["DeletionPolicy"] == secret.body["UpdateReplacePolicy"] == "Retain"


def test_the_keys_elsewhere_go_with_their_stack(templates: dict[str, Template]) -> None:
    secret = templates["local-required"].one(SECRET)
    assert secret.body["DeletionPolicy"] == secret.body["UpdateReplacePolicy"] == "Delete"


def test_a_stage_without_tokens_has_nothing_of_them(without_tokens: Template) -> None:
    assert without_tokens.all(AUTHORIZER) == []
    assert without_tokens.all(SECRET) == []
    assert "TokenKeysSecretArn" not in without_tokens.outputs
    for resource in without_tokens.all("AWS::ApiGatewayV2::Route"):
        assert resource.properties.get("AuthorizationType", "NONE") == "NONE"
        assert "AuthorizerId" not in resource.properties


def test_a_key_never_passes_through_the_template(with_tokens: Template) -> None:
    assert "resolve:secretsmanager" not in json.dumps(with_tokens.body)


def test_prod_requires_tokens_and_the_others_ask_for_none() -> None:
    assert (LOCAL.auth, DEV.auth, PROD.auth) == ("off", "off", "required")


def has_authorizer(app: App, stage: str) -> bool:
    stack = app.node.find_child(f"OttuWsNotify-{stage}")
    return stack.node.try_find_child("AuthorizerFunction") is not None


@pytest.mark.parametrize("auth", ["required", "optional", "off"])
def test_the_contexts_auth_is_for_the_emulated_stage_alone(auth: str) -> None:
    app = build(context={"stages": "local,dev", "auth": auth})
    assert has_authorizer(app, "local") == (auth != "off")
    assert not has_authorizer(app, "dev")


def test_the_contexts_auth_turns_no_token_off_in_prod() -> None:
    assert has_authorizer(build(context={"stages": "prod", "auth": "off"}), "prod")


def test_an_auth_of_the_context_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="auth is one of off, optional, required, not 'on'"):
        build(context={"stages": "local", "auth": "on"})


@pytest.mark.parametrize("auth", ["", "Required", "none", None, True])
def test_an_auth_that_there_is_not_is_refused_by_name(auth: Any) -> None:
    with pytest.raises(ValueError, match="stage dev: auth is one of off, optional, required"):
        replace(DEV, auth=auth)
