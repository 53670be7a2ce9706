"""`make run`: the stage `local` in the foreground, until Ctrl-C or SIGTERM.

`.local/outputs.json` exists exactly while it answers.
"""

import argparse
import json
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tools.console import console, link
from tools.deploy import STAGE, LocalStage, local_stage
from tools.ministack import usable_port
from tools.outputs import write_outputs
from tools.terminal import Progress, bold, exit_status, say
from ws_notify.cli.stage import LOCAL_OUTPUTS, read_outputs

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INTERRUPTED = 130
_TASK = {"merchant_id": "shop", "ref": "42"}
_SUBSCRIBE = {"client": "frontend", **_TASK}
_PUBLISH = {
    "client": "backend",
    **_TASK,
    "project": "demo",
    "type": "payment",
    "status": "done",
    "message": "paid",
}


def main() -> int:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(prog="make run")
    parser.add_argument("--port", required=True)
    parser.add_argument("--auth", choices=("off", "optional", "required"), default="off")
    said = parser.parse_args()
    return run(usable_port(said.port), said.auth)


def run(port: int, auth: str = "off") -> int:
    """Run until a signal: 0 then, 130 where it came too early; a ToolError where anything fails."""
    LOCAL_OUTPUTS.unlink(missing_ok=True)
    answered = False
    _interrupt_on_signals()
    try:
        folder = LOCAL_OUTPUTS.parent / str(port)
        with (
            local_stage(folder, port, Progress(), auth) as stage,
            _published(stage),
            console(port + 1) as page,
        ):
            answered = True
            say(_welcome(stage, auth, page))
            stage.server.wait_until_dead()
    except KeyboardInterrupt:
        say("\nstopped")
    return 0 if answered else _INTERRUPTED


def _interrupt_on_signals() -> None:
    """Let the first signal unwind everything; those after it change nothing, it is quick."""

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        for name in SIGNALS:
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in SIGNALS:
        # `nohup` asks to outlive the terminal; an ignored SIGINT is only a shell's `&`.
        if name != signal.SIGHUP or signal.getsignal(name) != signal.SIG_IGN:
            signal.signal(name, interrupt)


@contextmanager
def _published(stage: LocalStage) -> Iterator[None]:
    """Write the outputs file for the others on this machine; remove it unless a later run's."""
    write_outputs(LOCAL_OUTPUTS, STAGE, stage.outputs)
    try:
        yield
    finally:
        if LOCAL_OUTPUTS.exists() and read_outputs(LOCAL_OUTPUTS, STAGE) == stage.outputs:
            LOCAL_OUTPUTS.unlink(missing_ok=True)


def _welcome(stage: LocalStage, auth: str, page: str) -> str:
    client = str(Path(".venv/bin/wsdump"))
    merchant, ref = _TASK["merchant_id"], _TASK["ref"]
    to_listen = to_publish = stage.url
    tokens = ""
    if auth != "off":
        frontend, backend = stage.token("frontend", merchant, ref), stage.token("backend", merchant)
        to_listen, to_publish = (f"{stage.url}?token={token}" for token in (frontend, backend))
        tokens = f"""
{bold("A frontend's token")}, for merchant {merchant} and ref {ref}, for an hour:

  {frontend}

{bold("A backend's token")}, for merchant {merchant}, for an hour:

  {backend}

`make -s token STAGE={STAGE} CLIENT=frontend MERCHANT=... REF=...` mints others.
"""
    listen = shlex.join((client, "--raw", "--text", json.dumps(_SUBSCRIBE), to_listen))
    publish = shlex.join(
        (client, "--raw", "--eof-wait", "1", "--text", json.dumps(_PUBLISH), to_publish)
    )
    return f"""
{bold(stage.url)}
{tokens}
Listen, in another terminal, in this folder:

  {listen}

Publish, in a third; its receipt says how many got it:

  {publish} </dev/null

Or do both in a browser, on the console:

  {link(page, stage.url, merchant, ref)}

Ctrl-C stops it. `make env STAGE={STAGE}` prints the environment for use in process."""


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
