"""The secret with the keys that sign tokens, and the permission to read it."""

import json
from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.checks import acknowledge
from infra.stages import Stage

FIRST_KID: Final = "first"


class TokenKeys(Construct):
    """A secret that holds `{kid: key}`. The first key is generated at deploy; people add others."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"Keys that sign the tokens of ottu-ws-notify {stage.name}: kid -> key",
            # Never change any of these four, nor add one: CloudFormation would write a new secret,
            # the keys that people added would be gone, and every token would end. The remedy is in
            # docs/security.md. https://github.com/aws/aws-cdk/issues/19985
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({}),
                generate_string_key=FIRST_KID,
                password_length=64,
                exclude_punctuation=True,
            ),
            removal_policy=stage.removal_policy,
        )
        acknowledge(
            self.secret,
            "AwsSolutions-SMG4",
            "Rotated by people, since every backend that mints tokens has to take part: add a key, "
            "move the backends, remove the old key (docs/security.md)",
        )

    def grant_read(self, role: iam.IRole) -> None:
        """Read the keys, of this secret alone."""
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[self.secret.secret_arn],
        ).assert_success()
