"""A deployed stage, found by its name: its outputs, its URL and the keys of its tokens."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ws_notify.boto import make_client
from ws_notify.cli.failures import Failure
from ws_notify.keys import Keys, fetch_text
from ws_notify.region import region

LOCAL = "local"
LOCAL_REGION = "eu-west-1"
LOCAL_OUTPUTS = Path(".local/outputs.json")
"""Written by `make run`, while it runs."""

_URL, _KEYS_SECRET = "WebsocketConnectEndpointURL", "TokenKeysSecretArn"
_CONNECTIONS_URL = "ConnectionsEndpointURL"
"""Where posts go: by HTTPS, and never by a custom domain."""
HTTP_URL = "HttpEndpointURL"


@dataclass(frozen=True, slots=True)
class Stage:
    """The outputs of a stage, its region, and the `endpoint` of the local AWS where it is local."""

    name: str
    outputs: Mapping[str, str]
    region: str | None
    endpoint: str | None = None

    @property
    def url(self) -> str:
        """Its URL for WebSocket clients."""
        return self.outputs[_URL]

    @property
    def own_url(self) -> str | None:
        """The WebSocket API's own URL, where `url` is a custom domain; None where it is not."""
        own = self.outputs.get(_CONNECTIONS_URL, "").replace("https://", "wss://", 1)
        return own if own and not self.endpoint and own != self.url else None

    @property
    def http_url(self) -> str:
        """Its URL for HTTPS. Raises Failure where it has none."""
        if HTTP_URL not in self.outputs:
            raise Failure(
                f"The stage {self.name} has no output {HTTP_URL}: it is older than publishing over "
                "HTTPS. Deploy it again"
            )
        return self.outputs[HTTP_URL]

    @property
    def has_keys(self) -> bool:
        """Whether it accepts tokens."""
        return _KEYS_SECRET in self.outputs

    def keys(self) -> Keys:
        """Return its keys, not read yet. Raises Failure where it has none."""
        if not self.has_keys:
            raise Failure(f"The stage {self.name} does not use tokens: its auth is off")
        secret = self.outputs[_KEYS_SECRET]
        if not self.endpoint:
            return Keys.from_secret(secret)
        remedy = "Start it again with `make run`"
        with _aws_failures(f"The keys in {secret} could not be read", remedy):
            client = make_client(
                "secretsmanager",
                region=self.region,
                endpoint_url=self.endpoint,
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106 - the local AWS takes any
            )
        return Keys(lambda: fetch_text(secret, client, remedy), secret)


def stack_name(name: str) -> str:
    """Return the name of a stage's stack."""
    return f"OttuWsNotify-{name}"


def find(name: str) -> Stage:
    """Find a stage by its stack's outputs, `local` by the file of `make run`. Raises Failure."""
    stage = _local() if name == LOCAL else _deployed(name)
    if _URL not in stage.outputs:
        raise Failure(f"The stage {name} has no output {_URL}: deploy it")
    return stage


def read_outputs(path: Path, name: str) -> dict[str, str]:
    """Read a stage's outputs from a file that `cdk deploy --outputs-file` wrote."""
    content: dict[str, dict[str, str]] = json.loads(path.read_text())
    return content[stack_name(name)]


def _local() -> Stage:
    try:
        outputs = read_outputs(LOCAL_OUTPUTS, LOCAL)
        port = urlsplit(outputs[_CONNECTIONS_URL]).port
    except FileNotFoundError:
        raise Failure(
            f"The stage local is not running: there is no {LOCAL_OUTPUTS} here. Start it with "
            "`make run`, and call this in the same folder"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"{LOCAL_OUTPUTS} is not as `make run` writes it: {error!r}") from error
    return Stage(LOCAL, outputs, LOCAL_REGION, f"http://127.0.0.1:{port}")


def _deployed(name: str) -> Stage:
    stack = stack_name(name)
    remedy = (
        "Choose its account and region (AWS_PROFILE, AWS_REGION), deploy it with "
        f"`make deploy STAGE={name}`, or pass --url"
    )
    with _aws_failures(f"The outputs of the stack {stack} could not be read", remedy):
        client = make_client("cloudformation", region=region())
        outputs = client.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    values = {each["OutputKey"]: each["OutputValue"] for each in outputs}
    return Stage(name, values, client.meta.region_name)


@contextmanager
def _aws_failures(failed: str, remedy: str) -> Iterator[None]:
    """Turn what boto3 raises into a Failure: what `failed`, why, and the remedy."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the extra

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise Failure(f"{failed}: {str(error).rstrip('.')}. {remedy}") from error
    except ImportError:
        raise Failure(
            "--stage asks AWS, for which boto3 is missing: pip install 'ws-notify[aws]', "
            "or pass --url and --token"
        ) from None
