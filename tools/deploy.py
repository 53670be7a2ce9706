"""The stage `local` on a local AWS: started, deployed by the real CDK, and found to answer.

`local_stage` is what `make run`, the end-to-end tests and the benchmark share.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tools.cdk import bootstrap, deploy, synthesise
from tools.cors import apply_cors
from tools.ministack import MiniStack, free_port, ministack
from tools.network import LOOPBACK
from tools.outputs import local_environment
from tools.ping import require_pong
from ws_notify.cli.stage import LOCAL, LOCAL_REGION, Stage, read_outputs, stack_name

STAGE = LOCAL


@dataclass(frozen=True, slots=True)
class LocalStage:
    """A deployed stage that answers.

    `outputs` are the stack's, by their names. `environment` is what `make env STAGE=local` prints:
    what boto3 and in-process use need.
    """

    outputs: dict[str, str]
    server: MiniStack

    @property
    def url(self) -> str:
        """The address for WebSocket clients, `ws://localhost:...`."""
        return self.outputs["WebsocketConnectEndpointURL"]

    @property
    def http_url(self) -> str:
        """The base of what is asked over HTTP, `http://localhost:...`."""
        return self.outputs["HttpEndpointURL"]

    @property
    def endpoint(self) -> str:
        """The address for AWS clients, `http://127.0.0.1:...`."""
        return self.server.endpoint

    @property
    def environment(self) -> dict[str, str]:
        """Name the variables for boto3 and for in-process use."""
        return local_environment(self.outputs, self.endpoint)

    def keys(self) -> dict[str, str]:
        """Read the keys of its tokens, `{kid: key}`, on a stage whose auth is not off."""
        return dict(_stage(self.outputs, self.server).keys().secret().keys)

    def token(
        self,
        client: Literal["frontend", "backend"],
        merchant_id: str,
        *refs: str,
        lifetime: int = 3600,
    ) -> str:
        """Mint a token, on a stage whose auth is not off; `lifetime` is in seconds."""
        mint = _stage(self.outputs, self.server).keys().mint_token
        ref = list(refs) or None
        return mint(client=client, merchant_id=merchant_id, ref=ref, lifetime=lifetime)

    @property
    def log(self) -> Path:
        """What the local AWS printed; what the functions log is in its CloudWatch Logs."""
        return self.server.log

    @property
    def pid(self) -> int:
        """The local AWS's process, which leads the group of all that it started."""
        return self.server.pid


def _stage(outputs: dict[str, str], server: MiniStack) -> Stage:
    return Stage(STAGE, outputs, LOCAL_REGION, server.endpoint)


def _silent(_step: str) -> None:
    pass


@contextmanager
def local_stage(
    folder: Path,
    port: int | None = None,
    progress: Callable[[str], object] = _silent,
    auth: str = "off",
    host: str = LOOPBACK,
) -> Iterator[LocalStage]:
    """Start a local AWS on `port` (by default a free one), deploy to it, yield it once it answers.

        with local_stage(tmp_path) as stage:
            connect(stage.url)
            boto3.client("dynamodb", endpoint_url=stage.endpoint, ...)

    `auth` is the stage's: `off`, `optional` or `required`; `host` is where it listens. Logs, cloud
    assembly and temporary files go to `folder`, so that several can run side by side.
    Leaving the block ends every process. Raises ToolError with the failing command and its log.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with ministack(folder, port or free_port(), host) as server:
        yield LocalStage(_deployed(folder, server, progress, auth), server)


def _deployed(
    folder: Path, server: MiniStack, progress: Callable[[str], object], auth: str
) -> dict[str, str]:
    progress(f"starting the local AWS on port {server.port}, synthesising the stack meanwhile")
    with synthesise(folder, STAGE, server, auth) as synthesis:
        server.wait_until_ready()
        bootstrap(folder, server)
        progress("the local AWS is up and bootstrapped for CDK")
        synthesis.finish()
    progress("the stack is synthesised; deploying it")
    outputs = read_outputs(deploy(folder, STAGE, server), STAGE)
    *_, api_id, _ = outputs["HttpEndpointURL"].split("/")
    apply_cors(folder / f"cdk.out/{stack_name(STAGE)}.template.json", server, api_id)
    progress("deployed; asking it over a WebSocket")
    url = outputs["WebsocketConnectEndpointURL"]
    if auth == "required":
        token = _stage(outputs, server).keys().mint_token(client="backend", merchant_id="-")
        url = f"{url}?token={token}"
    require_pong(url, server)
    progress("it answers")
    return outputs
