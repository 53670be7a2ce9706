"""The CDK command line, pointed at a local AWS; each command's output goes to a log of its own."""

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from tools.child import Child, running
from tools.ministack import ACCOUNT, CREDENTIALS, REGION, MiniStack
from tools.network import direct
from ws_notify.cli.stage import stack_name

_ROOT = Path(__file__).parent.parent
_BIN = _ROOT / "node_modules" / ".bin"
_QUIET = ("--no-notices", "--no-version-reporting", "--no-color")


def synthesise(
    folder: Path, stage: str, server: MiniStack, auth: str
) -> AbstractContextManager[Child]:
    """Start the synthesis into `folder`; needs no server yet."""
    return _started(
        "synth",
        (
            *(stack_name(stage), "--quiet", "--output", f"{folder}/cdk.out"),
            *("-c", f"port={server.port}", "-c", f"stages={stage}", "-c", f"auth={auth}"),
        ),
        folder=folder,
        server=server,
        where=_ROOT,
    )


def bootstrap(folder: Path, server: MiniStack) -> None:
    """Make the local AWS ready for deployments."""
    # In a folder without cdk.json: in the project's own it would synthesise the app first.
    arguments = (f"aws://{ACCOUNT}/{REGION}",)
    with _started("bootstrap", arguments, folder=folder, server=server, where=folder) as child:
        child.finish()


def deploy(folder: Path, stage: str, server: MiniStack) -> Path:
    """Deploy what was synthesised into `folder`; return the path of the outputs file."""
    outputs = folder / "outputs.json"
    outputs.unlink(missing_ok=True)
    arguments = (
        *(stack_name(stage), "--app", f"{folder}/cdk.out", "--outputs-file", str(outputs)),
        *("--require-approval", "never", "--progress", "events"),
    )
    with _started("deploy", arguments, folder=folder, server=server, where=folder) as child:
        child.finish()
    return outputs


def _started(
    command: str, arguments: tuple[str, ...], *, folder: Path, server: MiniStack, where: Path
) -> AbstractContextManager[Child]:
    return running(
        (str(_BIN / "cdk"), command, *arguments, *_QUIET),
        log=folder / f"cdk-{command}.log",
        environment=_environment(os.environ, server),
        folder=where,
    )


def _environment(caller: Mapping[str, str], server: MiniStack) -> dict[str, str]:
    """Take the caller's environment, without any of its AWS settings, and with a path to here."""
    path = (str(Path(sys.executable).parent), str(_BIN), caller.get("PATH", os.defpath))
    return {
        **{name: value for name, value in caller.items() if not name.startswith("AWS_")},
        **CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NODE_COMPILE_CACHE": str(_ROOT / ".local" / "node"),  # the second run loads it compiled
        **direct(caller),
        "PATH": os.pathsep.join(path),
    }
