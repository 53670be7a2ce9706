"""Minting tokens for a stage, with the newest key of its secret."""

import json
import time
from collections.abc import Mapping, Sequence

import boto3
import jwt

from tools import ToolError

LIFETIME = 60 * 60
LONGEST_LIFETIME = 24 * 60 * 60
_SECRET = "TokenKeysSecretArn"  # noqa: S105 - the name of an output


def read_keys(outputs: Mapping[str, str], aws: Mapping[str, str]) -> dict[str, str]:
    """Read the stage's keys, `{kid: key}`; `aws` as in tools.deployed. Raises ToolError."""
    if _SECRET not in outputs:
        raise ToolError("This stage asks for no tokens: its auth is off (infra/stages.py)")
    client = boto3.client(
        "secretsmanager",
        region_name=aws.get("AWS_DEFAULT_REGION"),
        endpoint_url=aws.get("AWS_ENDPOINT_URL"),
        aws_access_key_id=aws.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=aws.get("AWS_SECRET_ACCESS_KEY"),
    )
    keys: dict[str, str] = json.loads(
        client.get_secret_value(SecretId=outputs[_SECRET])["SecretString"]
    )
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
