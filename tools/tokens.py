"""Minting tokens for a stage, with the newest key of its secret."""

import json
import time
from collections.abc import Mapping, Sequence

import boto3
import jwt
from botocore.exceptions import BotoCoreError, ClientError

from tools import ToolError

LIFETIME = 60 * 60
LONGEST_LIFETIME = 24 * 60 * 60
LONGEST_FRONTEND_TOKEN = 3_800
"""Characters, as in clients/python: a browser's address has room for no more."""
_SECRET = "TokenKeysSecretArn"  # noqa: S105 - the name of an output


def read_keys(outputs: Mapping[str, str], aws: Mapping[str, str]) -> dict[str, str]:
    """Read the stage's keys, `{kid: key}`; `aws` as in tools.deployed. Raises ToolError."""
    if _SECRET not in outputs:
        raise ToolError("This stage asks for no tokens: its auth is off (infra/stages.py)")
    client = boto3.client(
        "secretsmanager",
        region_name=aws["AWS_REGION"],
        endpoint_url=aws.get("AWS_ENDPOINT_URL"),
        aws_access_key_id=aws.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=aws.get("AWS_SECRET_ACCESS_KEY"),
    )
    try:
        text: str = client.get_secret_value(SecretId=outputs[_SECRET])["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise ToolError(f"The keys in {outputs[_SECRET]} could not be read: {error}") from error
    return _parsed(text)


def _parsed(text: str) -> dict[str, str]:
    try:
        keys = json.loads(text)
    except ValueError:
        keys = None
    if not isinstance(keys, dict) or not keys:
        # Without the cause, whose text or trace may hold a part of the secret.
        raise ToolError("The secret holds no keys: it must be a JSON object of kid: key") from None
    return keys


def mint(
    keys: Mapping[str, str],
    client: str,
    merchant_id: str,
    refs: Sequence[str] = (),
    lifetime: int = LIFETIME,
) -> str:
    """Return a token signed with the last of the keys; `lifetime` is in seconds."""
    kid = list(keys)[-1]
    claims = {"client": client, "merchant_id": merchant_id, "exp": int(time.time()) + lifetime}
    if refs:
        claims["ref"] = refs[0] if len(refs) == 1 else list(refs)
    return jwt.encode(claims, keys[kid], algorithm="HS256", headers={"kid": kid})
