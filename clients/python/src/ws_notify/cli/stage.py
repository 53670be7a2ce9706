"""Finding a deployed stage by its name: its address and the keys of its tokens."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ws_notify.cli.failures import Failure
from ws_notify.region import region
from ws_notify.tokens import mint_token

LOCAL = "local"
LOCAL_OUTPUTS = Path(".local/outputs.json")
"""Written by `make run`, while it runs."""

_LOCAL_AWS = {
    "region_name": "eu-west-1",
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage's outputs; `endpoint` is that of the local AWS."""

    name: str
    outputs: Mapping[str, str]
    endpoint: str | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return self.outputs["WebsocketConnectEndpointURL"]

    @property
    def has_keys(self) -> bool:
        """Whether it knows tokens."""
        return "TokenKeysSecretArn" in self.outputs

    def minter(self) -> Callable[..., str]:
        """Return `mint_token` with its newest key, which is read once. Raises Failure."""
        kid, key = list(self.keys().items())[-1]
        return functools.partial(mint_token, key, kid)

    def keys(self) -> dict[str, str]:
        """Read its keys, `{kid: key}`, the newest last. Raises Failure."""
        if not self.has_keys:
            raise Failure(f"The stage {self.name} asks for no tokens: its auth is off")
        secret = self.outputs["TokenKeysSecretArn"]
        answer = _asked(
            "secretsmanager",
            lambda client: client.get_secret_value(SecretId=secret),
            f"The keys in {secret} could not be read",
            "It takes the permission secretsmanager:GetSecretValue on it; or pass --token",
            **({"endpoint_url": self.endpoint, **_LOCAL_AWS} if self.endpoint else {}),
        )
        try:
            keys = json.loads(answer["SecretString"])
        except ValueError:
            keys = None
        if not isinstance(keys, dict) or not keys:
            # Without the cause, whose text may hold a part of the secret.
            raise Failure(f"{secret} holds no keys: it must be a JSON object of kid: key") from None
        return keys


def find(name: str) -> Stage:
    """Find a stage by its stack's outputs, `local` by the file of `make run`. Raises Failure."""
    stage = _local() if name == LOCAL else Stage(name, _outputs(f"OttuWsNotify-{name}"))
    if "WebsocketConnectEndpointURL" not in stage.outputs:
        raise Failure(f"The stage {name} has no output WebsocketConnectEndpointURL: deploy it")
    return stage


def _local() -> Stage:
    try:
        content = json.loads(LOCAL_OUTPUTS.read_text())
        outputs: dict[str, str] = content["OttuWsNotify-local"]
        port = urlsplit(outputs["ConnectionsEndpointURL"]).port
    except FileNotFoundError:
        raise Failure(
            f"There is no {LOCAL_OUTPUTS} here: start the stage with `make run`, and call this "
            "in the same folder"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"{LOCAL_OUTPUTS} is not as `make run` writes it: {error!r}") from error
    return Stage(LOCAL, outputs, f"http://127.0.0.1:{port}")


def _outputs(stack: str) -> dict[str, str]:
    answer = _asked(
        "cloudformation",
        lambda client: client.describe_stacks(StackName=stack),
        f"The outputs of the stack {stack} could not be read",
        "Choose its account and region (AWS_PROFILE, AWS_REGION), or pass --url",
    )
    outputs = answer["Stacks"][0].get("Outputs", [])
    return {each["OutputKey"]: each["OutputValue"] for each in outputs}


def _asked(
    service: str, ask: Callable[[Any], Any], failed: str, remedy: str, **options: Any
) -> Any:
    """Ask a service of AWS. Raises Failure: what `failed`, why, and the remedy."""
    try:
        import boto3  # noqa: PLC0415 - the extra [aws]
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError:
        raise Failure(
            "--stage asks AWS, for which boto3 is missing: pip install 'ws-notify[aws]', "
            "or pass --url and --token"
        ) from None
    config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
    client: Any = boto3.client  # one of hundreds of types, by the name of the service
    try:
        return ask(client(service, config=config, **{"region_name": region(), **options}))
    except (BotoCoreError, ClientError) as error:
        raise Failure(f"{failed}: {str(error).rstrip('.')}. {remedy}") from error
